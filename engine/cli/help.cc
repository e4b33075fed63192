#include "engine/cli/help.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/cli/exit_codes.h"

namespace engine::cli {

namespace {

constexpr int kColumnMax = 30;

// "text" broken into lines of at most `width`, all but the first indented.
std::string wrapped(std::string_view text, int indent, int width) {
  std::string result;
  int column = indent;
  for (const std::string_view word : split(text, ' ')) {
    if (column > indent && column + 1 + display_width(word) > width) {
      result += "\n" + std::string(static_cast<size_t>(indent), ' ');
      column = indent;
    }
    if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += display_width(word);
  }
  return result;
}

struct Row {
  std::string left, right;
};

std::string two_columns(const std::vector<Row>& rows, const Terminal& terminal) {
  int column = 0;
  for (const Row& row : rows) column = std::max(column, display_width(row.left));
  column = std::min(column, kColumnMax);
  std::string result;
  for (const Row& row : rows) {
    const int width = display_width(row.left);
    result += "  " + row.left;
    result += width > column ? "\n" + std::string(static_cast<size_t>(column + 4), ' ')
                             : std::string(static_cast<size_t>(column - width + 2), ' ');
    result += wrapped(row.right, column + 4, std::max(terminal.width(), column + 34)) + "\n";
  }
  return result;
}

std::string shown(const Flag& flag) {
  std::string text = flag.letter ? std::string("-") + flag.letter + ", " : "    ";
  text += flag.negatable ? "--[no-]" : "--";
  text += flag.name;
  if (!flag.value.empty()) text += " " + flag.value;
  return text;
}

std::string flag_rows(std::span<const Flag> flags, const Terminal& terminal) {
  std::vector<Row> rows;
  for (const Flag& flag : flags) rows.push_back({shown(flag), flag.help});
  return two_columns(rows, terminal);
}

}  // namespace

std::string program_help(const Terminal& terminal) {
  std::string text = "engine runs operations work: runbooks in Lua, durably recorded.\n\n" +
                     terminal.painted(Paint::bold, "Usage:") + " engine COMMAND [ARGUMENT ...]\n\n";
  std::vector<Row> rows;
  for (const CommandEntry& entry : commands()) {
    const Command command = entry.make();
    if (!command.hidden) rows.push_back({command.name, command.summary});
  }
  text += terminal.painted(Paint::bold, "Commands:") + "\n" + two_columns(rows, terminal) + "\n";
  text += terminal.painted(Paint::bold, "Flags of every command:") + "\n" +
          flag_rows(global_flags(), terminal) + "\n";
  rows.clear();
  for (const ExitMeaning& exit : kExitMeanings)
    rows.push_back({std::to_string(exit.code), std::string(exit.meaning)});
  text += terminal.painted(Paint::bold, "Exit codes:") + "\n" + two_columns(rows, terminal) + "\n";
  text += terminal.painted(Paint::bold, "Examples:") + "\n";
  text += two_columns({{"engine list", "Lists the runbooks."},
                       {"engine run quickstart", "Runs one."},
                       {"engine run quickstart --help", "Shows its parameters."},
                       {"engine trace RUN", "Shows what a run did."}},
                      terminal);
  text += "\n`engine COMMAND --help` tells more about a command.\n";
  return text;
}

std::string group_help(std::string_view word, const Terminal& terminal) {
  std::vector<Row> rows;
  for (const CommandEntry& entry : commands()) {
    if (!entry.name.starts_with(std::string(word) + " ")) continue;
    const Command command = entry.make();
    rows.push_back({command.usage, command.summary});
  }
  return terminal.painted(Paint::bold, "Usage:") + " engine " + std::string(word) +
         " COMMAND [ARGUMENT ...]\n\n" + terminal.painted(Paint::bold, "Commands:") + "\n" +
         two_columns(rows, terminal) + "\n`engine " + std::string(word) +
         " COMMAND --help` tells more about one.\n";
}

std::string command_help(const Command& command, const Terminal& terminal,
                         std::span<const Flag> more, std::string_view more_heading) {
  std::string text = command.summary + "\n\n" + terminal.painted(Paint::bold, "Usage:") +
                     " engine " + command.usage + "\n";
  if (!command.details.empty()) text += "\n" + wrapped(command.details, 0, terminal.width()) + "\n";
  if (!more.empty()) {
    text += "\n" + terminal.painted(Paint::bold, std::string(more_heading) + ":") + "\n" +
            flag_rows(more, terminal);
  }
  if (!command.flags.empty()) {
    text +=
        "\n" + terminal.painted(Paint::bold, "Flags:") + "\n" + flag_rows(command.flags, terminal);
  }
  text += "\n" + terminal.painted(Paint::bold, "Flags of every command:") + "\n" +
          flag_rows(global_flags(), terminal);
  if (!command.examples.empty()) {
    std::vector<Row> rows;
    for (const Example& example : command.examples) rows.push_back({example.line, example.what});
    text += "\n" + terminal.painted(Paint::bold, "Examples:") + "\n" + two_columns(rows, terminal);
  }
  return text;
}

}  // namespace engine::cli
