// A place in the file system that stays what it was when it was checked: an open folder and a name
// in it. Whoever swaps a folder for a link meanwhile leads nobody astray.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "engine/plugin/plugin.hpp"

namespace engine::fs {

// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd();
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct Place {
  Fd folder;         // opened as a path only
  std::string real;  // the folder's own path, without links
  std::string name;  // within the folder; "." for the root of all

  std::string path() const;
};

// The path must be absolute; links in all but its last part are followed. NOT_FOUND when the folder
// is missing.
Result<Place> open_place(const std::string& path);
// Where the file behind a link is; the place itself when it is no link. NOT_FOUND for a link to
// nothing.
Result<Place> follow(Place place);

// For messages, which are text: bytes that are none become '?'.
std::string shown(std::string_view path);
// The error of a failed system call: "cannot read /x: no such file", with its code.
std::unexpected<Error> cannot(const char* verb, std::string_view path, int errnum);

}  // namespace engine::fs
