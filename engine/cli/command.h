// What a command is: data for help and for the reference page, and a function.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/arguments.h"

namespace engine::cli {

class Session;

struct Example {
  std::string line;  // "engine run quickstart --dry-run"
  std::string what;  // "Shows what would be changed."
};

// What the words of a command name, for completion.
enum class Word {
  none,
  runbook,
  operation,
  plugin,
  run,
  recorded_run,   // of the store, or a file with exported ones
  run_then_file,  // a run, and where it is to be written
  source,
  folder,
  shell
};

struct Command {
  std::string name;     // "run", "config show"
  std::string summary;  // one sentence
  std::string usage;    // what follows "engine "
  std::string details;  // more, or empty
  std::vector<Flag> flags;
  std::vector<Example> examples;
  // Answers the exit code. `arguments` are what follows the command's name.
  int (*run)(Session& session, const Command& command, std::span<const std::string> arguments);
  // How many words it takes beside flags.
  size_t words_min = 0, words_max = 0;
  bool hidden = false;
  Word word = Word::none;
};

// A command's name and how to get it; built only when it is asked for.
struct CommandEntry {
  std::string_view name;
  Command (*make)();
};
std::span<const CommandEntry> commands();

// Flags that every command knows.
const std::vector<Flag>& global_flags();

}  // namespace engine::cli
