// Triggers out of a runbook's `on`; each kind is read in a file of its own.
#include "engine/triggers/declared.h"

#include "engine/base/json_read.h"

namespace engine::triggers {
namespace {

using lua::Checked;
using lua::Fault;

constexpr size_t kTriggersMax = 1000;  // of one runbook

Checked read_trigger(Declared& declared, JsonElement element, std::string_view runbook) {
  const std::string_view kind = json_string(element, "kind").value_or("");
  if (kind.empty()) {
    return Fault{"on: each of its entries is made by a word", "on = { cron \"0 2 * * SUN\" }",
                 "on"};
  }
  if (!is_schedule(kind)) return {};
  std::optional<Schedule> schedule;
  if (Checked fault = read_schedule(schedule, element, runbook)) return fault;
  declared.schedules.push_back(std::move(*schedule));
  return {};
}

Checked read_all(Declared& declared, JsonElement on, std::string_view runbook) {
  simdjson::dom::array list;
  if (on.get(list)) {
    return Fault{"on is a list of triggers", "on = { cron \"0 2 * * SUN\" }", "on"};
  }
  if (list.size() > kTriggersMax)
    return Fault{"on: a runbook has at most " + std::to_string(kTriggersMax) + " triggers", "",
                 "on"};
  for (const JsonElement element : list) {
    if (Checked fault = read_trigger(declared, element, runbook)) return fault;
  }
  return {};
}

std::expected<Declared, Fault> read(std::string_view on_json, std::string_view runbook) {
  Declared declared;
  if (on_json.empty() || on_json == "{}") return declared;
  const Result<JsonDocument> on = read_json(on_json);
  if (!on) return std::unexpected(Fault{"on: " + on.error().message, "", "on"});
  if (Checked fault = read_all(declared, on->root(), runbook)) return std::unexpected(*fault);
  return declared;
}

}  // namespace

Result<Declared> read_triggers(std::string_view on_json, std::string_view runbook) {
  std::expected<Declared, Fault> declared = read(on_json, runbook);
  if (!declared)
    return fail(code::kInvalidArgument, declared.error().message, declared.error().hint);
  return std::move(*declared);
}

Result<Declared> read_triggers(const lua::RunbookInfo& info, const runs::Source& source) {
  std::expected<Declared, Fault> declared = read(info.triggers, source.name);
  if (declared) return std::move(*declared);
  const int line = lua::line_of(source.text, 1, declared.error().word);
  return fail(lua::located(source.label, source.text, line, declared.error()));
}

}  // namespace engine::triggers
