// What the operator's settings let process.exec run: pure functions over the settings, the command
// and the file system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plugin/plugin.hpp"

namespace engine::process {

// The settings of [plugins.process]. An empty list restricts nothing.
struct Policy {
  int64_t max_timeout_ms = 0;  // 0: none
  std::vector<std::string> allowed_paths;
  std::vector<std::string> allowed_commands;
  std::vector<std::string> denied_commands;
  bool sanitize_error_messages = false;
  bool audit_log = false;
};

struct Command {
  std::vector<std::string> argv;
  std::string cwd;   // empty: the engine's
  std::string path;  // the PATH that the program will have
};

// The file that would be executed, links not resolved; nothing if there is none.
std::optional<std::string> find_program(const Command& command);

// PERMISSION_DENIED names the setting that refuses. A bare name in allowed_commands means the
// program of that name in the engine's own PATH, so that another file of the same name is not let
// through; one in denied_commands means every file of that name and everything that links to it,
// also when it is handed to a launcher such as env or xargs. Where commands are restricted a shell,
// which can run anything, has to be in allowed_commands itself. Lists keep mistakes from happening;
// code that an allowed program runs on its own is beyond them.
Result<void> check(const Policy& policy, const Command& command);

// The time that a call gets, 0 being none.
int64_t limited_timeout(const Policy& policy, int64_t timeout_ms);

// The text with absolute paths and the given values taken out.
std::string sanitized(std::string_view text, const std::vector<std::string>& values);
Error sanitized(Error error, const std::vector<std::string>& values);

}  // namespace engine::process
