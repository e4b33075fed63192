// math and os as a run may have them: random numbers from the run's own seed, time from the run's
// own clock, so that a replay takes the same path.
#include <lua.hpp>

#include "engine/lua/library.h"
#include "engine/lua/state.h"

namespace engine::lua {
namespace {

constexpr size_t kDateFormatMax = 1024;

// Upvalue 1: stock math.randomseed. Without a number there is nothing deterministic to take.
int randomseed(lua_State* L) {
  if (lua_gettop(L) == 0)
    return luaL_error(L, "math.randomseed needs a number: a run's random numbers are repeatable");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

// Upvalue 1: stock os.time.
int time(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    lua_pushinteger(L, now_ms(L) / 1000);
    return 1;
  }
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

// Upvalue 1: stock os.date.
int date(lua_State* L) {
  size_t size;
  luaL_optlstring(L, 1, "%c", &size);
  luaL_argcheck(L, size <= kDateFormatMax, 1, "format is too long");
  lua_settop(L, 2);
  if (lua_isnil(L, 1)) {
    lua_pushliteral(L, "%c");
    lua_replace(L, 1);
  }
  if (lua_isnil(L, 2)) {
    lua_pushinteger(L, now_ms(L) / 1000);
    lua_replace(L, 2);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

// Upvalue 1: when the state was made. Seconds of the run's clock since then.
int clock(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(now_ms(L) - lua_tointeger(L, lua_upvalueindex(1))) / 1000);
  return 1;
}

void install_math(lua_State* L) {
  luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
  lua_getfield(L, -1, "randomseed");
  lua_pushvalue(L, -1);
  lua_pushinteger(L, static_cast<lua_Integer>(next_random(L)));
  lua_call(L, 1, 0);
  lua_pushcclosure(L, randomseed, 1);
  lua_setfield(L, -2, "randomseed");
  for (const char* old : {"atan2", "cosh", "frexp", "ldexp", "log10", "pow", "sinh", "tanh"}) {
    lua_pushnil(L);  // names of older versions, which a build of Lua may have or not
    lua_setfield(L, -2, old);
  }
  lua_pop(L, 1);
}

}  // namespace

void install_math_os(lua_State* L) {
  install_math(L);
  luaopen_os(L);             // stock
  lua_createtable(L, 0, 4);  // stock os
  lua_getfield(L, -2, "difftime");
  lua_setfield(L, -2, "difftime");
  lua_getfield(L, -2, "time");
  lua_pushcclosure(L, time, 1);
  lua_setfield(L, -2, "time");
  lua_getfield(L, -2, "date");
  lua_pushcclosure(L, date, 1);
  lua_setfield(L, -2, "date");
  lua_pushinteger(L, state(L).began_ms);
  lua_pushcclosure(L, clock, 1);
  lua_setfield(L, -2, "clock");
  lua_setglobal(L, "os");
  lua_pop(L, 1);
}

}  // namespace engine::lua
