// The C side of the control words: what prelude.lua is made of.
#pragma once

#include <lua.hpp>

namespace engine::lua {

// Sets group, wait, duration, step_open, ... in the table on top of the stack.
void install_control(lua_State* L);
// The globals that need no Lua: fail, report, secret, log.
void install_words(lua_State* L);

}  // namespace engine::lua
