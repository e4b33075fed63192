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

const std::vector<std::string> kFields = {"summary", "help",  "severity", "on",
                                          "params",  "allow", "timeout",  "name"};
Checked read_field(RunbookInfo& info, std::string_view key, JsonElement value) {
  if (key == "params") return read_fields("params", info.params, value);
  if (key == "allow")
    return read_texts("allow", "{ \"fs:change\", \"process.exec\" }", info.allow, value);
  if (key == "timeout") return read_duration("timeout", info.timeout, value);
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
  return info;
}

}  // namespace engine::lua
