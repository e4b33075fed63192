// Placeholders of a dry run.
#include "engine/lua/placeholder.h"

#include <string_view>

#include "engine/lua/values.h"

namespace engine::lua {
namespace {

const char kPlanned = 0;  // its address is the registry key of the metatable
constexpr size_t kTextMax = 200;

int text(lua_State* L) {
  size_t length = 0;
  const char* planned = planned_text(L, 1, &length);
  lua_pushfstring(L, "<planned: %s>", planned ? planned : "?");
  return 1;
}

// "host.get" indexed by "disk" is "host.get.disk".
int child(lua_State* L) {
  size_t length = 0;
  const char* planned = planned_text(L, 1, &length);
  if (!planned) return luaL_argerror(L, 1, "a placeholder is expected");
  if (length > kTextMax) {
    lua_settop(L, 1);
    return 1;
  }
  if (lua_isinteger(L, 2)) {
    lua_pushfstring(L, "%s[%I]", planned, lua_tointeger(L, 2));
  } else {
    luaL_tolstring(L, 2, nullptr);
    lua_pushfstring(L, "%s.%s", planned, lua_tostring(L, -1));
  }
  const char* name = lua_tolstring(L, -1, &length);
  push_planned(L, {name, length});
  return 1;
}

// The operand that is a placeholder.
int same(lua_State* L) {
  lua_settop(L, 2);
  if (!is_planned(L, 1)) lua_remove(L, 1);
  lua_settop(L, 1);
  return 1;
}

int no(lua_State* L) {
  lua_pushboolean(L, 0);
  return 1;
}

int zero(lua_State* L) {
  lua_pushinteger(L, 0);
  return 1;
}

int nothing(lua_State*) { return 0; }

int empty_pairs(lua_State* L) {
  lua_pushcfunction(L, nothing);
  return 1;
}

int read_only(lua_State* L) {
  return luaL_error(L, "what a call would answer cannot be assigned to in a dry run");
}

}  // namespace

void install_placeholders(lua_State* L) {
  static constexpr luaL_Reg kEvents[] = {
      {"__tostring", text}, {"__index", child},       {"__newindex", read_only},
      {"__call", same},     {"__len", zero},          {"__lt", no},
      {"__le", no},         {"__pairs", empty_pairs}, {"__add", same},
      {"__sub", same},      {"__mul", same},          {"__div", same},
      {"__mod", same},      {"__pow", same},          {"__unm", same},
      {"__idiv", same},     {"__band", same},         {"__bor", same},
      {"__bxor", same},     {"__shl", same},          {"__shr", same},
      {"__bnot", same},     {"__concat", same},       {nullptr, nullptr}};
  luaL_newlib(L, kEvents);
  lua_pushliteral(L, "planned");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__name");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kPlanned);
}

void push_planned(lua_State* L, std::string_view planned) {
  lua_newuserdatauv(L, 0, 1);
  lua_pushlstring(L, planned.data(), planned.size());
  lua_setiuservalue(L, -2, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPlanned);
  lua_setmetatable(L, -2);
}

bool is_planned(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPlanned);
  const bool found = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return found;
}

const char* planned_text(lua_State* L, int index, size_t* length) {
  if (!is_planned(L, index)) return nullptr;
  lua_getiuservalue(L, index, 1);
  const char* planned = lua_tolstring(L, -1, length);
  lua_pop(L, 1);  // the userdata keeps it
  return planned;
}

}  // namespace engine::lua
