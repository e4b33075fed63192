// One use of the program: its streams, the flags that every command knows, the configuration when
// it is needed. stdout carries data, stderr talk.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/cli/arguments.h"
#include "engine/cli/command.h"
#include "engine/cli/terminal.h"
#include "engine/config/config.h"

namespace engine::cli {

class Table;

enum class Format { table, json, jsonl };

class Session {
 public:
  explicit Session(Variables variables);

  // Takes what the global flags say; may be called for flags before and after the command's name.
  Result<void> take_global_flags(const Parsed& parsed);

  // Parses a command's arguments. The exit code instead where nothing is left to do: --help was
  // asked for (and printed), or the command line is wrong (and that was said).
  struct Parsing {
    StopAt stop = StopAt::end;
    std::vector<Flag> more = {};  // what the command's subject adds: a runbook's parameters
    std::string more_heading = {};
  };
  std::expected<Parsed, int> parse(const Command& command, std::span<const std::string> arguments,
                                   const Parsing& parsing);
  std::expected<Parsed, int> parse(const Command& command, std::span<const std::string> arguments) {
    return parse(command, arguments, Parsing{});
  }

  // Loads it on first use; problems are said here. The exit code where it must not be used.
  std::expected<const config::Config*, int> config();
  config::Sources config_sources() const;
  bool log_debug() const { return config_ && config_->log_level == "debug"; }

  // Data, to stdout.
  void print(std::string_view text) const;
  // A list as JSON: an array, or a line for each item.
  void print_list(const std::vector<std::string>& items) const;
  // A list in the format that was asked for.
  void print_list(const Table& table, const std::vector<std::string>& items) const;
  // Talk, to stderr; not when --quiet was given.
  void say(std::string_view text) const;
  // Talk that is heard also when quiet.
  void complain(std::string_view text) const;
  // Says what went wrong, also when quiet; answers the exit code that goes with it.
  int fail(const Error& error) const;
  int usage_error(const Error& error, const Command& command) const;

  Format format = Format::table;
  bool quiet = false;
  Terminal out, err;
  const Variables variables;

 private:
  // The configuration decides which flags a subject has, so that its own flags are looked for
  // before the others are known.
  void take_settings_ahead(std::span<const std::string> arguments);

  ColorWish color_ = ColorWish::automatic;
  std::string config_file_;
  std::map<std::string, std::string, std::less<>> overrides_;
  std::optional<config::Config> config_;
};

// "error: message", the hint below it.
// "hint: ..." on a line of its own; a source excerpt, which begins with a blank, stands without the
// word. Empty for no hint.
std::string hint_text(std::string_view hint, const Terminal& terminal);
std::string error_text(const Error& error, const Terminal& terminal);

}  // namespace engine::cli
