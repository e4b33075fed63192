// Command lines: flags declared as data, parsed in one way for every command, with "did you mean".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"

namespace engine::cli {

struct Flag {
  std::string name;   // "dry-run", given as --dry-run
  char letter = 0;    // 'o', given as -o; 0: none
  std::string value;  // what its value is called in help, such as FILE; empty: a switch
  std::string help;
  bool negatable = false;  // a switch that also has --no-NAME
  bool repeatable = false;
  std::vector<std::string> choices = {};  // all values there are; none: any
};

using Words = std::vector<std::string>;

struct Parsed {
  Words words;  // what is no flag
  Words rest;   // what follows the first word, where parsing stopped at it
  std::vector<std::pair<std::string, std::string>>
      values;  // by flag name, in order; a switch is "true" or "false"

  bool has(std::string_view flag) const;                          // given, and not as --no-NAME
  std::optional<std::string> value(std::string_view flag) const;  // the last one
  Words all(std::string_view flag) const;
};

enum class StopAt { end, first_word };

// "--name value", "--name=value", "-o value", "-ovalue", "-qo json"; "--" ends the flags. '_' in a
// name counts as '-'. INVALID_ARGUMENT for a command line that does not fit: an unknown flag, a
// missing or unexpected value.
Result<Parsed> parse(std::span<const std::string> arguments, std::span<const Flag> flags,
                     StopAt stop = StopAt::end);

}  // namespace engine::cli
