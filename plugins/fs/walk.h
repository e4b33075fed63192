// Goes through a tree of folders, following no link.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plugins/fs/node.h"

namespace engine::fs {

using Deadline = std::chrono::steady_clock::time_point;
inline Deadline deadline_in(Millis time) { return std::chrono::steady_clock::now() + time; }

struct Visit {
  int folder = -1;          // open, holds the entry
  const std::string& name;  // in it
  const std::string& path;  // in full
  const Node& node;
  int depth = 1;  // 1: directly in the folder where the walk began
};
enum class Next { on, skip, stop };  // skip: do not go into this folder

struct WalkOptions {
  int depth_max = 100'000;
  bool cross_devices = false;
  Deadline deadline = Deadline::max();
};
struct WalkEnd {
  bool stopped = false;
  int64_t unreadable = 0;  // folders that could not be opened
};

// Visits what is in the folder, a folder before its content, by name. NOT_FOUND and the like when
// the folder itself cannot be opened, TIMEOUT past the deadline; entries that vanish meanwhile are
// passed over.
Result<WalkEnd> walk(const Place& start, const WalkOptions& options,
                     const std::function<Result<Next>(const Visit&)>& visit);

// The names in an open folder, sorted.
std::vector<std::string> names_in(int folder);
// Opens a folder to read it, never through a link.
Fd open_folder(int parent, const std::string& name);

}  // namespace engine::fs
