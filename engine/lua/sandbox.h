// What a script may see: Lua's own functions that are safe and deterministic, ours in place of the
// others.
#pragma once

#include <lua.hpp>

namespace engine::lua {

// Fills the globals of a fresh state; runs in a protected call.
void install_sandbox(lua_State* L);
// Our own Lua (prelude, library) compiled; the first state of the process does the compiling.
void run_our_chunk(lua_State* L, const char* name, int arguments);

}  // namespace engine::lua
