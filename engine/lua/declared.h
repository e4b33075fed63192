// Reading what a Lua table declares, for runbooks and plugins alike: parameters, lists, durations.
// A fault names the word that it is about, by which its line is found.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/json_read.h"
#include "engine/base/units.h"
#include "engine/ops/operation.h"

namespace engine::lua {

struct Fault {
  std::string message;
  std::string hint;
  std::string word;
};
using Checked = std::optional<Fault>;

std::string in_quotes(std::string_view text);
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// { name = { "string", help = "..." } } or { { "name", "string", "help", default }, ... }. `list`
// is what the table is called: "params".
Checked read_fields(const std::string& list, std::vector<ops::Field>& fields, JsonElement value);
Checked read_texts(const std::string& list, const char* example, std::vector<std::string>& texts,
                   JsonElement value);
Checked read_duration(const std::string& field, Millis& into, JsonElement value);

// The first line from `from` on that holds the word; `from` where none does.
int line_of(std::string_view text, int from, std::string_view word);
// "source:line: message", the line itself below the hint.
Error located(const std::string& source, std::string_view text, int line, const Fault& fault);

}  // namespace engine::lua
