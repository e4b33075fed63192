#include "engine/cli/failure.h"

#include <cctype>

#include "engine/base/json_read.h"
#include "engine/cli/excerpt.h"
#include "engine/cli/session.h"

namespace engine::cli {

namespace {

// What Lua's message names at its end: x of "attempt to call a nil value (local 'x')".
std::string_view named_in(std::string_view message) {
  if (!message.ends_with("')")) return {};
  message.remove_suffix(2);
  const size_t quote = message.rfind('\'');
  return quote == message.npos ? message.substr(0, 0) : message.substr(quote + 1);
}

bool in_word(std::string_view line, size_t at) {
  return at < line.size() &&
         (std::isalnum(static_cast<unsigned char>(line[at])) || line[at] == '_');
}

size_t last_word(std::string_view line, std::string_view word) {
  size_t at = word.empty() ? line.npos : line.rfind(word);
  while (at != line.npos && ((at > 0 && in_word(line, at - 1)) || in_word(line, at + word.size())))
    at = at == 0 ? line.npos : line.rfind(word, at - 1);
  return at;
}

// Where the operation, what the message names, or the first thing on the line begins; from 1.
int caret_column(std::string_view line, std::string_view operation, std::string_view message) {
  if (const size_t at = last_word(line, named_in(message)); at != line.npos)
    return static_cast<int>(at) + 1;
  if (!operation.empty()) {
    if (const size_t at = line.find(operation); at != line.npos) return static_cast<int>(at) + 1;
  }
  const size_t first = line.find_first_not_of(" \t");
  return first == line.npos ? 0 : static_cast<int>(first) + 1;
}

std::string frames_text(JsonElement error, const Terminal& terminal) {
  const auto frames = json_member(error, "traceback");
  if (!frames || !frames->is_array()) return "";
  std::string text;
  for (const JsonElement frame : simdjson::dom::array(*frames)) {
    const std::string place = std::string(json_string(frame, "source").value_or("?")) + ":" +
                              std::to_string(json_integer(frame, "line").value_or(0));
    text += "  at " + made_visible(place) + " in " +
            made_visible(json_string(frame, "function").value_or("?")) + "\n";
  }
  return text.empty() ? "" : terminal.painted(Paint::bold, "traceback:") + "\n" + text;
}

}  // namespace

std::string failure_text(std::string_view json, const Terminal& terminal) {
  Result<JsonDocument> document = read_json(json);
  if (!document) return terminal.painted(Paint::red, "error:") + " " + made_visible(json) + "\n";
  const JsonElement error = document->root();
  const std::string operation(json_string(error, "operation").value_or(""));
  std::string text = terminal.painted(Paint::red, "error:") + " " +
                     made_visible(json_string(error, "message").value_or("unknown")) + " (" +
                     made_visible(json_string(error, "code").value_or("?")) + ")\n";
  if (!operation.empty())
    text += terminal.painted(Paint::bold, "operation:") + " " + made_visible(operation) + "\n";
  if (json_boolean(error, "outcome_unknown").value_or(false)) {
    text += terminal.painted(Paint::yellow, "in doubt:") + " it may have taken effect\n";
  }
  if (const auto line = json_string(error, "excerpt"); line && !line->empty()) {
    int number = 0;
    if (const auto frames = json_member(error, "traceback"); frames && frames->is_array()) {
      for (const JsonElement frame : simdjson::dom::array(*frames)) {
        number = static_cast<int>(json_integer(frame, "line").value_or(0));
        text += made_visible(json_string(frame, "source").value_or("?")) + ":" +
                std::to_string(number) + ":\n";
        break;
      }
    }
    text += excerpt(*line, number,
                    caret_column(*line, operation, json_string(error, "message").value_or("")),
                    terminal);
  }
  text += hint_text(json_string(error, "hint").value_or(""), terminal);
  if (const auto details = json_member(error, "details")) {
    text +=
        terminal.painted(Paint::bold, "details:") + " " + made_visible(json_text(*details)) + "\n";
  }
  return text + frames_text(error, terminal);
}

}  // namespace engine::cli
