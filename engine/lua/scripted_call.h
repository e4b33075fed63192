// The call of an operation that is written in Lua, from its beginning to its end, as a value of the
// prelude's that cannot be forgotten.
#pragma once

#include <lua.hpp>

namespace engine::lua {

// Sets in the table on top:
// begun(answer) -> a call to be closed, or false where the road only planned it;
// ended(call, whether it ran, result or error) -> whether it is a result, that as it was recorded.
void install_scripted_call(lua_State* L);

}  // namespace engine::lua
