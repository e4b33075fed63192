// Reading whole files, replacing them atomically, and words for errno.
#include "engine/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "engine/base/id.h"

namespace engine {
namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    content.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view code_of(int errnum) {
  switch (errnum) {
    case ENOENT:
    case ESRCH:
    case ENXIO:
    case ENODEV:
      return code::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return code::kPermissionDenied;
    case EEXIST:
      return code::kAlreadyExists;
    case ENOTEMPTY:
    case EBUSY:
    case ETXTBSY:
      return code::kConflict;
    case ENOSPC:
    case EDQUOT:
      return code::kDiskFull;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EFBIG:
      return code::kResourceExhausted;
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
    case EXDEV:
      return code::kInvalidArgument;
    case ETIMEDOUT:
      return code::kTimeout;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPIPE:
      return code::kNetworkError;
    case EOPNOTSUPP:
    case ENOSYS:
      return code::kUnsupported;
    default:
      return code::kFailed;
  }
}

Result<void> sync_folder_of(const std::string& path) {
  const File folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd() < 0 || fsync(folder.fd()) == 0 || errno == EINVAL) return {};
  return fail(errno_error(errno, "cannot write " + path));
}

}  // namespace

std::string sibling_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, name) + "." + path.substr(name, 200) + "." + new_run_id();
}

Result<void> create_private(const std::string& path) {
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.fd() < 0) return fail(errno_error(errno, "cannot create " + path));
  return {};
}

// A file system that cannot rename without replacing can link.
Result<void> publish_file(const std::string& draft, const std::string& path) {
  const auto failed = [&path] { return fail(errno_error(errno, "cannot write " + path)); };
  {
    const File file(open(draft.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd() < 0 || fsync(file.fd()) != 0) return failed();
  }
  if (renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno != EINVAL && errno != ENOSYS) return failed();
    if (link(draft.c_str(), path.c_str()) != 0) return failed();
    unlink(draft.c_str());
  }
  return sync_folder_of(path);
}

Error errno_error(int errnum, std::string what) {
  const char* description = strerrordesc_np(errnum);
  std::string words = description ? description : "error " + std::to_string(errnum);
  if (words.size() > 1 && std::islower(static_cast<unsigned char>(words[1]))) {
    words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  }
  return Error(code_of(errnum), std::move(what) + ": " + words);
}

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return fail(errno_error(errno, "cannot read " + path));
  struct stat info {};
  std::string content;
  if (fstat(file.fd(), &info) == 0 && info.st_size > 0) {
    content.reserve(std::min(static_cast<size_t>(info.st_size), bytes_max) + 1);
  }
  for (;;) {
    // Files in /proc have no size, so the end is where read() says it is.
    const size_t have = content.size();
    const size_t room =
        std::min(std::max(content.capacity() - have, size_t{4096}), bytes_max - have + 1);
    content.resize(have + room);
    const ssize_t got = read(file.fd(), content.data() + have, room);
    if (got < 0 && errno != EINTR) return fail(errno_error(errno, "cannot read " + path));
    content.resize(have + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return content;
    if (content.size() > bytes_max) {
      return fail(code::kResourceExhausted,
                  path + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

Result<void> write_file_atomically(const std::string& path, std::string_view content,
                                   unsigned mode) {
  const std::string sibling = sibling_of(path);
  const auto failed = [&path](int errnum) {
    return fail(errno_error(errnum, "cannot write " + path));
  };
  {
    const File file(open(sibling.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.fd() < 0) return failed(errno);
    // fchmod, since what open() sets is subject to the umask.
    if (!write_all(file.fd(), content) || fchmod(file.fd(), mode) != 0 || fsync(file.fd()) != 0) {
      const int errnum = errno;
      unlink(sibling.c_str());
      return failed(errnum);
    }
  }
  if (rename(sibling.c_str(), path.c_str()) != 0) {
    const int errnum = errno;
    unlink(sibling.c_str());
    return failed(errnum);
  }
  return sync_folder_of(path);
}

std::string program_folder() {
  std::string target(4096, '\0');
  const ssize_t length = readlink("/proc/self/exe", target.data(), target.size());
  if (length <= 0) return ".";
  target.resize(static_cast<size_t>(length));
  return folder_of(target);
}

}  // namespace engine
