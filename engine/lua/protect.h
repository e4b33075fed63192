// pcall and xpcall of a run: they catch what a script may catch, and neither limits nor the end of
// a run.
#pragma once

#include <lua.hpp>

namespace engine::lua {

void install_protect(lua_State* L);

}  // namespace engine::lua
