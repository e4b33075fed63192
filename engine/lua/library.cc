// Puts the library together: stock Lua's where it is harmless, ours where it is not.
#include "engine/lua/library.h"

#include <cstdarg>
#include <lua.hpp>

#include "engine/lua/errors.h"
#include "engine/lua/state.h"

namespace engine::lua {

void raise(lua_State* L, std::string_view code, const char* hint, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char* message = lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  state(L).pending = Error(code, message, hint);
  raise_pending(L);
}

void install_tables(lua_State* L) {
  luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
  luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
  lua_pop(L, 2);
}

void install_library(lua_State* L) {
  install_strings(L, -1);
  install_tables(L);
  install_math_os(L);
  install_json(L);
}

}  // namespace engine::lua
