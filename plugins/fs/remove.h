// Removing files and trees: counted first, then removed from the leaves up, never through a link.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/fs/guard.h"
#include "plugins/fs/walk.h"

namespace engine::fs {

struct Toll {
  int64_t entries = 0, bytes = 0;
};
// {"changed","entries","bytes"}; nothing there: changed is false.
Result<std::string> remove_path(const Guard& guard, const std::string& path, bool recursive,
                                Deadline deadline);
// The same answer, and nothing is removed.
Result<std::string> preview_remove(const Guard& guard, const std::string& path, bool recursive,
                                   Deadline deadline);

// Counts what would go; refuses where another file system is mounted inside.
Result<Toll> survey(const Place& place, bool recursive, Deadline deadline);
// Removes without asking the guard; for what the plugin made itself, too.
Result<void> remove_tree(const Place& place, Deadline deadline);

}  // namespace engine::fs
