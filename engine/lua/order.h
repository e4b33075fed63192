// pairs and next in one order, so that a script takes the same path at every replay.
#pragma once

#include <lua.hpp>

namespace engine::lua {

// Sets the globals pairs, ipairs and next: numbers first, then strings, then booleans; other keys
// are an error.
void install_order(lua_State* L);

}  // namespace engine::lua
