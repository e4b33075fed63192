// What can stand at the cursor of a command line: the one answer behind the completions of all
// shells.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/cli/command.h"

namespace engine::cli {

struct Candidate {
  std::string value;
  std::string about;  // a few words, may be empty
};
// Instead of a value: the shell is to complete file names, or names of folders.
inline constexpr const char* kFilesCandidate = ":files";
inline constexpr const char* kFoldersCandidate = ":folders";

// What there is beside the commands themselves. Asked for only when it is needed.
struct Known {
  std::function<std::vector<Candidate>(Word kind)> names;
  // The flags that a runbook's parameters, or an operation's, are.
  std::function<std::vector<Flag>(const Command& command, const std::string& name)> flags;
  // A flag of every command that was given before the cursor.
  std::function<void(const std::string& flag, const std::string& value)> setting;
};

// `words` are those behind the program's name; the last one, perhaps empty, is at the cursor. A
// shell that breaks words at '=' (bash) gives "--color", "=", "al" and wants the value alone.
std::vector<Candidate> candidates(std::vector<std::string> words, const Known& known);

}  // namespace engine::cli
