// A runbook's declaration, checked field by field; a fault names its line.
#include "engine/lua/runbook.h"

#include <algorithm>
#include <optional>

#include "engine/base/json_read.h"
#include "engine/lua/declared.h"
#include "engine/lua/runbook_words.h"
#include "engine/lua/state.h"

namespace engine::lua {
namespace {

using Object = simdjson::dom::object;

const std::vector<std::string> kFields = {"summary",     "help",    "severity", "on",
                                          "params",      "allow",   "timeout",  "name",
                                          "concurrency", "priority"};
const std::vector<std::string> kPriorities = {"high", "normal", "low"};
const std::vector<std::string> kConflicts = {"queue", "skip", "replace", "fail"};

// A word of a list, by its number.
Checked read_word(const std::string& field, const std::vector<std::string>& words, size_t& into,
                  JsonElement value) {
  const std::optional<std::string> text = json_bytes(value);
  const auto found = std::ranges::find(words, text.value_or(""));
  if (found == words.end()) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "\"" : ", \"") + word + "\"";
    return Fault{field + " is one of " + all, text ? did_you_mean(*text, words) : "",
                 field.substr(field.find('.') + 1)};
  }
  into = static_cast<size_t>(found - words.begin());
  return {};
}

Checked read_limit(Concurrency& concurrency, JsonElement value) {
  if (value.get(concurrency.limit) == simdjson::SUCCESS && concurrency.limit >= 1) return {};
  return Fault{"concurrency: its limit is a whole number, at least 1",
               "concurrency = { limit = 1, on_conflict = \"skip\" }", "concurrency"};
}

Checked read_concurrency(Concurrency& concurrency, JsonElement value) {
  static const std::vector<std::string> kKnown = {"limit", "by", "on_conflict"};
  Object object;
  if (value.get(object)) return read_limit(concurrency, value);
  concurrency.limit = 1;
  for (const auto& [key, member] : object) {
    if (key == "limit") {
      if (Checked fault = read_limit(concurrency, member)) return fault;
    } else if (key == "by") {
      concurrency.by = json_bytes(member).value_or("");
      if (concurrency.by.empty())
        return Fault{"concurrency.by is the name of a parameter", "", "by"};
    } else if (key == "on_conflict") {
      size_t word = 0;
      if (Checked fault = read_word("concurrency.on_conflict", kConflicts, word, member))
        return fault;
      concurrency.on_conflict = static_cast<Concurrency::Conflict>(word);
    } else {
      return Fault{"there is no " + in_quotes(key) + " in concurrency", did_you_mean(key, kKnown),
                   std::string(key)};
    }
  }
  return {};
}

// What can be said only when all fields are known.
Checked check_group(const RunbookInfo& info) {
  const std::string& by = info.concurrency.by;
  if (by.empty()) return {};
  const auto param = std::ranges::find(info.params, by, &ops::Field::name);
  if (param == info.params.end()) {
    std::vector<std::string> names;
    for (const ops::Field& field : info.params) names.push_back(field.name);
    return Fault{"concurrency.by: there is no parameter " + in_quotes(by),
                 names.empty() ? "the runbook has no parameters" : did_you_mean(by, names), "by"};
  }
  if (param->sensitive || param->type == ops::Type::secret) {
    return Fault{"concurrency.by: the parameter " + in_quotes(by) +
                     " is sensitive, and its value would be seen",
                 "name one that others may see", "by"};
  }
  return {};
}

Checked read_field(RunbookInfo& info, std::string_view key, JsonElement value) {
  if (key == "params") return read_fields("params", info.params, value);
  if (key == "allow")
    return read_texts("allow", "{ \"fs:change\", \"process.exec\" }", info.allow, value);
  if (key == "timeout") return read_duration("timeout", info.timeout, value);
  if (key == "concurrency") return read_concurrency(info.concurrency, value);
  if (key == "priority") {
    size_t word = 0;
    Checked fault = read_word("priority", kPriorities, word, value);
    info.priority = static_cast<Priority>(word);
    return fault;
  }
  if (key == "on") {
    info.triggers = json_text(value);
    return {};
  }
  if (std::find(kFields.begin(), kFields.end(), key) == kFields.end()) {
    return Fault{"there is no " + in_quotes(key) + " in a runbook", did_you_mean(key, kFields),
                 std::string(key)};
  }
  const std::optional<std::string> text = json_bytes(value);
  if (!text) return Fault{std::string(key) + " is a text", "", std::string(key)};
  if (key == "summary") info.summary = *text;
  if (key == "help") info.help = *text;
  if (key == "severity") info.severity = *text;
  return {};
}

Error placed(const State& state, const Fault& fault) {
  const Position& at = state.runbook_at;
  const auto source = state.sources.find(at.source);
  if (source == state.sources.end())
    return Error(code::kInvalidArgument,
                 at.source + ":" + std::to_string(at.line) + ": " + fault.message, fault.hint);
  // The line that Lua gives a call is the one where its arguments begin or end.
  return located(at.source, source->second, line_of(source->second, 1, fault.word), fault);
}

}  // namespace

std::string_view name_of(Concurrency::Conflict conflict) {
  return kConflicts[static_cast<size_t>(conflict)];
}

std::string_view name_of(Priority priority) { return kPriorities[static_cast<size_t>(priority)]; }

Result<RunbookInfo> read_runbook(const State& state) {
  Result<JsonDocument> document = read_json(state.runbook);
  if (!document) return fail(std::move(document.error()));
  RunbookInfo info;
  Object object;
  if (document->root().get(object)) {
    return fail(placed(state, {"a runbook is a table with named fields",
                               "return runbook { summary = \"...\" }", ""}));
  }
  for (const auto& member : object) {
    if (Checked fault = read_field(info, member.key, member.value))
      return fail(placed(state, *fault));
  }
  if (Checked fault = check_group(info)) return fail(placed(state, *fault));
  return info;
}

}  // namespace engine::lua
