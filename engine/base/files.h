// Files that the engine itself reads and writes: runbooks, modules, config.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace engine {

Result<std::string> read_file(const std::string& path, size_t bytes_max);
// Writes a sibling, syncs it and renames it over `path`.
Result<void> write_file_atomically(const std::string& path, std::string_view content,
                                   unsigned mode);
// The folder of the running program, with links resolved.
std::string program_folder();
// NOT_FOUND, PERMISSION_DENIED, DISK_FULL, ... for an errno; `what` names the deed ("cannot read
// /x").
Error errno_error(int errnum, std::string what);

}  // namespace engine
