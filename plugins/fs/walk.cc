// Depth first, by name, with an open folder for each level.
#include "plugins/fs/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace engine::fs {

namespace {

// Each level keeps a folder open; a process has about a thousand files.
constexpr int kNestingMax = 256;

class Walker {
 public:
  Walker(const WalkOptions& options, const std::function<Result<Next>(const Visit&)>& visit,
         uint64_t device)
      : options_(options), visit_(visit), device_(device) {}

  Result<Next> go(int folder, const std::string& path, int depth) {
    for (const auto& name : names_in(folder)) {
      const std::string full = path == "/" ? "/" + name : path + "/" + name;
      const auto next = enter(folder, name, full, depth);
      if (!next || *next == Next::stop) return next;
    }
    return Next::on;
  }

  WalkEnd end;

 private:
  Result<Next> enter(int folder, const std::string& name, const std::string& path, int depth) {
    if (std::chrono::steady_clock::now() > options_.deadline) {
      return fail(code::kTimeout, "ran out of time at " + shown(path));
    }
    const auto node = look(folder, name, path);
    if (!node) return Next::on;
    const auto next = visit_({folder, name, path, *node, depth});
    if (!next || *next != Next::on) return next;
    if (!node->is_folder() || depth >= options_.depth_max) return Next::on;
    if (!options_.cross_devices && (node->device != device_ || node->is_mount)) return Next::on;
    if (depth >= kNestingMax) {
      return fail(code::kUnsupported, shown(path) + " is nested deeper than " +
                                          std::to_string(kNestingMax) + " folders");
    }
    const Fd inner = open_folder(folder, name);
    if (!inner) {
      ++end.unreadable;
      return Next::on;
    }
    return go(inner.get(), path, depth + 1);
  }

  const WalkOptions& options_;
  const std::function<Result<Next>(const Visit&)>& visit_;
  const uint64_t device_;
};

}  // namespace

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(copy), closedir);
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Fd open_folder(int parent, const std::string& name) {
  return Fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

Result<WalkEnd> walk(const Place& start, const WalkOptions& options,
                     const std::function<Result<Next>(const Visit&)>& visit) {
  const Fd folder = open_folder(start.folder.get(), start.name);
  if (!folder) return cannot("open the folder", start.path(), errno);
  const auto node = look_at(folder.get(), start.path());
  if (!node) return fail(node.error());
  Walker walker(options, visit, node->device);
  const auto next = walker.go(folder.get(), start.path(), 1);
  if (!next) return fail(next.error());
  walker.end.stopped = *next == Next::stop;
  return walker.end;
}

}  // namespace engine::fs
