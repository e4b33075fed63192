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
// A name beside `path` that nobody else uses, for what is to become that file.
std::string sibling_of(const std::string& path);
// Makes an empty file that is its owner's alone.
Result<void> create_private(const std::string& path);
// Syncs `draft`, a sibling of `path`, and gives it that name, which must be free: ALREADY_EXISTS.
Result<void> publish_file(const std::string& draft, const std::string& path);
// The folder of the running program, with links resolved.
std::string program_folder();
// NOT_FOUND, PERMISSION_DENIED, DISK_FULL, ... for an errno; `what` names the deed ("cannot read
// /x").
Error errno_error(int errnum, std::string what);

}  // namespace engine
