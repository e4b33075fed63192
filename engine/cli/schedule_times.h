// Schedules as the commands about them name and show them.
#pragma once

#include <string>
#include <string_view>

#include "engine/cli/catalog.h"
#include "engine/triggers/schedule.h"

namespace engine::cli {

// What a runbook declares under that name: "clean-up", or "clean-up#2" for its second one.
Result<triggers::Schedule> find_schedule(Catalog& catalog, std::string_view name);

// What a transition of its zone does to a slot; empty: nothing.
std::string shift_text(const triggers::Slot& slot);

// A whole number of a flag, from 1 on.
Result<int> parse_count(std::string_view flag, const std::string& text, int most);
// When --from or --since is: a time, or so long ago.
Result<int64_t> parse_moment(std::string_view flag, const std::string& text);

}  // namespace engine::cli
