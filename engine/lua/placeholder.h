// What a dry run gives a script in place of a result that does not exist: a value that knows where
// it came from.
#pragma once

#include <lua.hpp>

namespace engine::lua {

// Registers the metatable: indexing, calling and arithmetic give placeholders, comparisons are
// false, loops are empty.
void install_placeholders(lua_State* L);

}  // namespace engine::lua
