// require: modules of the runbook's folder and of scripts/, loaded once a run.
#pragma once

#include <lua.hpp>

namespace engine::lua {

void install_modules(lua_State* L);

}  // namespace engine::lua
