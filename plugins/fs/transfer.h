// Copies and moves; whatever happens, a target is there whole or not at all.
#pragma once

#include <string>

#include "plugins/fs/guard.h"
#include "plugins/fs/walk.h"

namespace engine::fs {

struct TransferOptions {
  bool overwrite = false;  // replaces a file; never a directory
  bool recursive = false;  // copies directories
  Deadline deadline = Deadline::max();
};

// {"path": target, "bytes": n}
Result<std::string> copy_path(const Guard& guard, const std::string& from, const std::string& to,
                              const TransferOptions& options);
Result<std::string> move_path(const Guard& guard, const std::string& from, const std::string& to,
                              const TransferOptions& options);
// Whether such a call took place: {"done", "result"?}, or {} where it cannot be told.
std::string probe_copy(const std::string& from, const std::string& to);
std::string probe_move(const std::string& from, const std::string& to);

// Copies one entry under a new name, with mode, owner (where we may) and time; answers the bytes of
// its files.
Result<int64_t> copy_entry(int from_folder, const std::string& from_name, int to_folder,
                           const std::string& to_name, const std::string& path,
                           const TransferOptions& options, int depth = 0);

// 0 or an errno; EEXIST where something is there that is not to be replaced. The kernel checks
// that; where the file system cannot, the caller looked just before.
int rename_into(int from_folder, const std::string& from, const Place& to, bool overwrite);

}  // namespace engine::fs
