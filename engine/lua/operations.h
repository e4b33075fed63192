// How a script reaches operations: plugins are globals, and docker.container.list{ ... } calls that
// operation.
#pragma once

#include <lua.hpp>

namespace engine::lua {

// Makes reading an unknown global look for a plugin, and fail with "did you mean" where there is
// none.
void install_operations(lua_State* L);
// Sets in the table on top what the prelude needs for operations that are written in Lua.
void install_scripted(lua_State* L);

}  // namespace engine::lua
