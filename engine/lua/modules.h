// require: modules of the runbook's folder and of scripts/, loaded once a run.
#pragma once

#include <lua.hpp>

namespace engine::lua {

void install_modules(lua_State* L);
// In a task that runs the function of a Lua plugin's operation: pushes that function.
int push_plugin_function(lua_State* L);

}  // namespace engine::lua
