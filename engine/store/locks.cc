// Open file description locks (F_OFD_*): they belong to the open file and not to the process, so
// two stores in one process exclude each other too, and closing an unrelated file lets go of
// nothing.
#include "engine/store/locks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine/base/files.h"

namespace engine::store {
namespace {

constexpr off_t kNext = 0;
constexpr off_t kTurn = 1;
constexpr off_t kEpochs = 16;

struct flock one_byte(short kind, off_t offset) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

int apply(int fd, int command, short kind, off_t offset) {
  struct flock lock = one_byte(kind, offset);
  int status;
  do {
    status = fcntl(fd, command, &lock);
  } while (status == -1 && errno == EINTR);
  return status;
}

bool is_locked_elsewhere(int fd, off_t offset) {
  struct flock lock = one_byte(F_WRLCK, offset);
  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace

Result<LockFile> LockFile::open(const std::string& path, bool write) {
  const int flags = write ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC;
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd < 0) return fail(errno_error(errno, "cannot open the store's lock file '" + path + "'"));
  return LockFile(path, fd);
}

LockFile::LockFile(LockFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      has_turn_(std::exchange(other.has_turn_, false)) {}
LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> LockFile::take_turn() {
  if (has_turn_) return {};
  int status = apply(fd_, F_OFD_SETLKW, F_WRLCK, kNext);
  if (status == 0) {
    status = apply(fd_, F_OFD_SETLKW, F_WRLCK, kTurn);
    const int errnum = errno;
    apply(fd_, F_OFD_SETLK, F_UNLCK, kNext);
    errno = errnum;
  }
  has_turn_ = status == 0;
  if (has_turn_) return {};
  // EBADF: the file could only be opened for reading.
  return fail(errno_error(errno == EBADF ? EACCES : errno, "cannot lock '" + path_ + "'"));
}

void LockFile::offer_turn() {
  struct flock lock = one_byte(F_WRLCK, kNext);
  const bool nobody_waits = fcntl(fd_, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
  if (!nobody_waits) end_turn();
}

void LockFile::end_turn() {
  if (std::exchange(has_turn_, false)) apply(fd_, F_OFD_SETLK, F_UNLCK, kTurn);
}

bool LockFile::turn_is_held_elsewhere() const { return is_locked_elsewhere(fd_, kTurn); }

bool LockFile::hold_epoch(int64_t epoch) {
  return apply(fd_, F_OFD_SETLK, F_WRLCK, kEpochs + epoch) == 0;
}
void LockFile::release_epoch(int64_t epoch) { apply(fd_, F_OFD_SETLK, F_UNLCK, kEpochs + epoch); }
bool LockFile::is_held_elsewhere(int64_t epoch) const {
  return is_locked_elsewhere(fd_, kEpochs + epoch);
}

}  // namespace engine::store
