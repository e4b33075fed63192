// A small file system in memory, for disks that fill up.
#pragma once

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/catch.h"

namespace engine::test {

// Over a folder, as long as it lives. `mounted` is false where that is not permitted.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path, const std::string& size = "1m") : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted = mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted)
      WARN("skipped: needs a mount, which this container may not make: " << strerror(errno));
  }
  ~SmallDisk() {
    if (mounted) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& path() const { return path_; }
  bool change(unsigned long flags, const char* options) const {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0;
  }
  uintmax_t free() const { return std::filesystem::space(path_).available; }
  // Leaves this many bytes, or a few less.
  void fill_up_to(uintmax_t left) const {
    const uintmax_t now = free();
    std::ofstream(filler(), std::ios::app) << std::string(now > left ? now - left : 0, 'x');
  }
  void clear() const { std::filesystem::remove(filler()); }

  bool mounted = false;

 private:
  std::string filler() const { return path_ + "/filler"; }
  std::string path_;
};

}  // namespace engine::test
