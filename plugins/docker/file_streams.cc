// One block is on its way to or from the disk while another is on its way to or from the daemon.
#include "plugins/docker/file_streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace engine::docker {

namespace {

constexpr size_t kBlock = 256 << 10;
constexpr size_t kPendingMax = 1 << 20;

// Runs `work` on a worker thread and `done` on the loop; both keep what they captured alive.
template <class Work, class Done>
void on_worker(const Call& call, Work work, Done done) {
  struct Job {
    Work work;
    Done done;
  };
  call.host()->work(
      call.token(), [](void* data) { static_cast<Job*>(data)->work(); },
      [](void* data) {
        const std::unique_ptr<Job> job(static_cast<Job*>(data));
        job->done();
      },
      new Job{std::move(work), std::move(done)});
}

int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

}  // namespace

Result<std::shared_ptr<FileSource>> FileSource::open(const Call& call, const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(errno_error(errno, "cannot read " + path));
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    return fail(code::kInvalidArgument, path + " is not a file");
  }
  return std::shared_ptr<FileSource>(new FileSource(call, path, fd, status.st_size));
}

FileSource::FileSource(const Call& call, std::string path, int fd, int64_t size)
    : call_(call), path_(std::move(path)), fd_(fd), size_(size) {}

FileSource::~FileSource() { close(fd_); }

plugin::Request::Producer FileSource::producer() {
  return [self = shared_from_this()](char* into, size_t size) { return self->produce(into, size); };
}

int64_t FileSource::produce(char* into, size_t size) {
  if (problem_ != 0) {
    error_ = errno_error(problem_, "cannot read " + path_);
    return http::kProduceAbort;
  }
  if (taken_ < buffer_.size()) {
    const size_t count = std::min(size, buffer_.size() - taken_);
    std::memcpy(into, buffer_.data() + taken_, count);
    taken_ += count;
    return static_cast<int64_t>(count);
  }
  if (at_end_) return 0;
  read_more();
  return http::kProduceWait;
}

void FileSource::read_more() {
  if (std::exchange(reading_, true)) return;
  on_worker(
      call_,
      [self = shared_from_this()] {
        self->next_.resize(kBlock);
        ssize_t count = 0;
        do {
          count = ::read(self->fd_, self->next_.data(), kBlock);
        } while (count < 0 && errno == EINTR);
        self->problem_ = count < 0 ? errno : 0;
        self->next_.resize(count > 0 ? static_cast<size_t>(count) : 0);
      },
      [self = shared_from_this()] {
        self->reading_ = false;
        self->buffer_.swap(self->next_);
        self->taken_ = 0;
        self->at_end_ = self->buffer_.empty();
        self->asked_.resume();
      });
}

Result<std::shared_ptr<FileSink>> FileSink::create(const Call& call, const std::string& path,
                                                   bool overwrite) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && (!overwrite || S_ISDIR(status.st_mode))) {
    return fail(
        code::kAlreadyExists, path + " exists",
        S_ISDIR(status.st_mode) ? "name the file in full" : "add overwrite = true to replace it");
  }
  std::string temporary = path + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return fail(errno_error(errno, "cannot write " + path));
  return std::shared_ptr<FileSink>(new FileSink(call, path, std::move(temporary), fd, overwrite));
}

FileSink::FileSink(const Call& call, std::string path, std::string temporary, int fd,
                   bool overwrite)
    : call_(call),
      path_(std::move(path)),
      temporary_(std::move(temporary)),
      fd_(fd),
      overwrite_(overwrite) {}

FileSink::~FileSink() {
  close(fd_);
  if (!kept_) unlink(temporary_.c_str());
}

bool FileSink::write(std::string_view chunk) {
  pending_ += chunk;
  size_ += static_cast<int64_t>(chunk.size());
  if (pending_.size() >= kBlock) flush();
  held_ = pending_.size() >= kPendingMax;
  return !held_;
}

void FileSink::flush() {
  if (busy_ || pending_.empty()) return;
  busy_ = true;
  writing_.swap(pending_);
  pending_.clear();
  on_worker(
      call_,
      [self = shared_from_this()] {
        if (self->problem_ == 0) self->problem_ = write_all(self->fd_, self->writing_);
      },
      [self = shared_from_this()] { self->flushed(); });
}

void FileSink::flushed() {
  busy_ = false;
  writing_.clear();
  if (problem_ != 0) {
    // Nobody needs the rest.
    asked_.cancel();
    if (finished_) conclude();
    return;
  }
  if (std::exchange(held_, false)) asked_.resume();
  if (!finished_) return;
  if (pending_.empty()) return conclude();
  flush();
}

void FileSink::finish(std::move_only_function<void(Result<int64_t>)> finished) {
  finished_ = std::move(finished);
  if (busy_) return;
  if (problem_ != 0 || pending_.empty()) return conclude();
  flush();
}

void FileSink::conclude() {
  on_worker(
      call_,
      [self = shared_from_this()] {
        int& problem = self->problem_;
        if (problem == 0 && (fchmod(self->fd_, 0600) != 0 || fsync(self->fd_) != 0))
          problem = errno;
        if (problem != 0) return;
        const char* from = self->temporary_.c_str();
        const char* to = self->path_.c_str();
        const unsigned how = self->overwrite_ ? 0 : RENAME_NOREPLACE;
        self->kept_ = renameat2(AT_FDCWD, from, AT_FDCWD, to, how) == 0;
        if (!self->kept_) problem = errno;
      },
      [self = shared_from_this()] {
        auto finished = std::move(self->finished_);
        if (self->problem_ == 0) return finished(self->size_);
        finished(fail(errno_error(self->problem_, "cannot write " + self->path_)));
      });
}

}  // namespace engine::docker
