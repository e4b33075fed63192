// runbook{...} and the words within it: alert, cron, every, webhook, event.
#pragma once

#include <lua.hpp>

#include "engine/base/error.h"
#include "engine/lua/runbook.h"

namespace engine::lua {

struct State;

void install_runbook_words(lua_State* L);
// Whether the value at `index` is what the last runbook{...} returned.
bool is_runbook(lua_State* L, int index);
// Pushes the runbook's run function.
void push_run(lua_State* L);
// What state.runbook declares. Errors name file, line and the wrong word.
Result<RunbookInfo> read_runbook(const State& state);

}  // namespace engine::lua
