// A small file system in memory, for disks that fill up.
#pragma once

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/support/catch.h"

namespace engine::test {

// `mounted` is false where that is not permitted.
struct SmallDisk {
  explicit SmallDisk(std::string path, const char* options = "size=1m") : path(std::move(path)) {
    std::filesystem::create_directories(this->path);
    mounted = mount("tmpfs", this->path.c_str(), "tmpfs", 0, options) == 0;
    if (!mounted) WARN("skipped: cannot mount a tmpfs here: " << strerror(errno));
  }
  ~SmallDisk() {
    if (mounted) umount2(path.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool change(unsigned long flags, const char* options) const {
    return mount("tmpfs", path.c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0;
  }

  std::string path;
  bool mounted = false;
};

}  // namespace engine::test
