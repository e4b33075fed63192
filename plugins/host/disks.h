// Mounted file systems and how full they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/host/proc.h"

namespace engine::host {

struct Mount {
  std::string mount, root, type, device, number;  // number: major:minor of the file system
  bool read_only = false;
};
// One /proc/self/mountinfo; of several mounts on one folder the last, which hides the others.
std::vector<Mount> parse_mounts(std::string_view mountinfo);
// Those that keep somebody's data: each real file system once, where its root is mounted if it is
// anywhere.
std::vector<Mount> real_mounts(std::vector<Mount> mounts);

struct Disk {
  Mount at;
  std::string error{};  // why there are no figures, or empty
  uint64_t size = 0, used = 0, available = 0;
  uint64_t inodes = 0, inodes_free = 0;
};
// Asks the file system; may block for long where it is a dead network share.
Disk measure(Mount mount);
Result<std::vector<Disk>> read_disks(const std::string& proc, bool all);
// The one that a path is on, or would be.
Result<Disk> disk_below(const std::string& proc, const std::string& path);
std::string disk_json(const Disk& disk);

}  // namespace engine::host
