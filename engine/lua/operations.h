// How a script reaches operations: plugins are globals, and docker.container.list{ ... } calls that
// operation.
#pragma once

#include <lua.hpp>

namespace engine::lua {

// Makes reading an unknown global look for a plugin, and fail with "did you mean" where there is
// none.
void install_operations(lua_State* L);

}  // namespace engine::lua
