// What a script may see: Lua's own functions that are safe and deterministic, ours in place of the
// others.
#pragma once

#include <lua.hpp>
#include <string_view>

namespace engine::lua {

// Fills the globals of a fresh state; runs in a protected call. Lua's library and the words that
// are written in Lua come when one of them is first used: most runs need few.
void install_sandbox(lua_State* L);
// Makes what the global variable of that name belongs to, unless that is there; false when nothing
// is made. Whoever asks looks for it again.
bool install_global(lua_State* L, std::string_view name);
// The same for the words that are written in Lua.
bool install_prelude(lua_State* L);

}  // namespace engine::lua
