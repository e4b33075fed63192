// Opens the folder that holds a path, and keeps it.
#include "plugins/fs/place.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace engine::fs {

namespace {

Result<void> check(const std::string& path) {
  if (!path.starts_with('/')) {
    return fail(code::kInvalidArgument, "'" + shown(path) + "' is not an absolute path",
                "write it from the root on: /var/tmp/file");
  }
  if (path.find('\0') != std::string::npos) {
    return fail(code::kInvalidArgument, "the path holds a NUL byte");
  }
  return {};
}

std::string without_end_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// The path that the kernel knows for an open file.
std::string path_of(int fd) {
  char target[8192];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(link.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<size_t>(size)) : std::string();
}

Result<std::string> real_path(const std::string& path) {
  const Fd file(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return cannot("open", path, errno);
  return path_of(file.get());
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

std::string Place::path() const {
  if (name == ".") return real;
  return real == "/" ? "/" + name : real + "/" + name;
}

Result<Place> open_place(const std::string& given) {
  if (auto fine = check(given); !fine) return fail(fine.error());
  std::string path = without_end_slashes(given);
  const std::string last = path.substr(path.rfind('/') + 1);
  if (last == "." || last == "..") {
    auto real = real_path(path);
    if (!real) return fail(real.error());
    path = *real;
  }
  const size_t slash = path.rfind('/');
  const std::string parent = slash == 0 ? "/" : path.substr(0, slash);
  Place place;
  place.name = path == "/" ? "." : path.substr(slash + 1);
  place.folder = Fd(open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place.folder) return cannot("open", parent, errno);
  place.real = path_of(place.folder.get());
  if (place.real.empty()) return fail(code::kFailed, "cannot tell where " + shown(parent) + " is");
  return place;
}

Result<Place> follow(Place place) {
  char target[2];
  if (readlinkat(place.folder.get(), place.name.c_str(), target, sizeof target) < 0) return place;
  const Fd file(openat(place.folder.get(), place.name.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return cannot("follow the link", place.path(), errno);
  return open_place(path_of(file.get()));
}

std::string shown(std::string_view path) {
  std::string text(path);
  const bool fine = is_utf8(path);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !fine)) c = '?';
  }
  return text;
}

std::unexpected<Error> cannot(const char* verb, std::string_view path, int errnum) {
  return fail(errno_error(errnum, std::string("cannot ") + verb + " " + shown(path)));
}

}  // namespace engine::fs
