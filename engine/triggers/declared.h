// What a runbook declares under `on`, read into what starts it.
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/lua/runbook.h"
#include "engine/runs/library.h"
#include "engine/triggers/schedule.h"

namespace engine::triggers {

struct Declared {
  std::vector<Schedule> schedules;
};

// `on` as JSON, as RunbookInfo has it, of the runbook of that name. Errors name the field and what
// is allowed.
Result<Declared> read_triggers(std::string_view on_json, std::string_view runbook);
// The same, with errors at the runbook's line.
Result<Declared> read_triggers(const lua::RunbookInfo& info, const runs::Source& source);

}  // namespace engine::triggers
