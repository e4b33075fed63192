// Archives (tar, plain or compressed): made, looked into, and taken apart without leaving the
// folder.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/fs/guard.h"
#include "plugins/fs/walk.h"

namespace engine::fs {

struct PackOptions {
  bool overwrite = false;
  Deadline deadline = Deadline::max();
};
// Packs a file or a folder with all below it under its own name; gzip, unless `into` ends with
// ".tar". {"path","entries","bytes","size","skipped"}
Result<std::string> create_archive(const Guard& guard, const std::string& path,
                                   const std::string& into, const PackOptions& options);

// {"entries":[{"name","type","size","modified_at","mode","target"?}],"count","bytes","truncated"}
Result<std::string> list_archive(const std::string& path, int64_t limit, Deadline deadline);

struct UnpackOptions {
  int64_t bytes_max = 0;
  int64_t entries_max = 0;
  Deadline deadline = Deadline::max();
};
// `into` must be missing or empty; it is there whole or not at all. Refuses what would reach
// outside, devices, and more than the limits. {"path","entries","bytes"}
Result<std::string> extract_archive(const Guard& guard, const std::string& path,
                                    const std::string& into, const UnpackOptions& options);

}  // namespace engine::fs
