// Iteration in the order of keys.
#include "engine/lua/order.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

// A key as the sort sees it. The text belongs to the table, which keeps it.
struct Key {
  int type;
  bool integer;
  lua_Integer whole;
  lua_Number number;
  const char* text;
  size_t length;
  lua_Integer place;  // in the list of keys
};

int rank(int type) { return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2; }

bool before(const Key& a, const Key& b) {
  if (a.type != b.type) return rank(a.type) < rank(b.type);
  if (a.type == LUA_TSTRING)
    return std::string_view(a.text, a.length) < std::string_view(b.text, b.length);
  if (a.integer && b.integer) return a.whole < b.whole;
  return a.number < b.number;
}

// Raises where the key cannot be put in an order.
Key key_at(lua_State* L, int index) {
  Key key{lua_type(L, index), false, 0, 0, nullptr, 0, 0};
  switch (key.type) {
    case LUA_TNUMBER:
      key.integer = lua_isinteger(L, index);
      key.whole = key.integer ? lua_tointeger(L, index) : 0;
      key.number = lua_tonumber(L, index);
      break;
    case LUA_TSTRING:
      key.text = lua_tolstring(L, index, &key.length);
      break;
    case LUA_TBOOLEAN:
      key.integer = true;
      key.whole = lua_toboolean(L, index);
      break;
    default:
      luaL_error(L,
                 "a table whose keys are a %s cannot be gone through: there is no order to go by; "
                 "keep a list beside it",
                 luaL_typename(L, index));
  }
  return key;
}

// True where the keys come as 1, 2, 3, ... and nothing else; counts them all.
bool is_sequence(lua_State* L, lua_Integer* count) {
  bool sequence = true;
  *count = 0;
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pop(L, 1);
    ++*count;
    sequence = sequence && lua_isinteger(L, -1) && lua_tointeger(L, -1) == *count;
  }
  return sequence;
}

// The iterator over a sequence: upvalues are its length and the place.
int next_item(lua_State* L) {
  const lua_Integer length = lua_tointeger(L, lua_upvalueindex(1));
  for (lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1; i <= length; ++i) {
    if (lua_rawgeti(L, 1, i) == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    lua_pushinteger(L, i);
    lua_copy(L, -1, lua_upvalueindex(2));
    lua_insert(L, -2);
    return 2;
  }
  lua_pushinteger(L, length);
  lua_replace(L, lua_upvalueindex(2));
  return 0;
}

// The iterator over sorted keys: upvalues are the list of keys and the place.
int next_key(lua_State* L) {
  for (lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;; ++i) {
    if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL) return 0;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) {  // key value
      lua_pushinteger(L, i);
      lua_replace(L, lua_upvalueindex(2));
      return 2;
    }
    lua_pop(L, 2);  // was removed since
  }
}

// Pushes the list of the keys of the table at 1, sorted.
void push_sorted_keys(lua_State* L, lua_Integer count) {
  auto* keys = static_cast<Key*>(lua_newuserdatauv(L, sizeof(Key) * static_cast<size_t>(count), 0));
  lua_createtable(L, static_cast<int>(count), 0);  // keys unsorted
  lua_Integer filled = 0;
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pop(L, 1);
    keys[filled] = key_at(L, -1);
    ++filled;
    keys[filled - 1].place = filled;
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, filled);
  }
  std::sort(keys, keys + filled, before);
  lua_createtable(L, static_cast<int>(filled), 0);
  for (lua_Integer i = 0; i < filled; ++i) {
    lua_rawgeti(L, -2, keys[i].place);
    lua_rawseti(L, -2, i + 1);
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
  charge(L, static_cast<size_t>(count) * 8);
}

int pairs(lua_State* L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 3, 0, [](lua_State*, int, lua_KContext) { return 3; });
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Integer count = 0;
  const bool sequence = is_sequence(L, &count);
  if (sequence) {
    lua_pushinteger(L, count);
  } else {
    push_sorted_keys(L, count);
  }
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, sequence ? next_item : next_key, 2);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

// next(t, key): the least key above `key`. Finds it by going through all.
int next(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  const bool first = lua_isnil(L, 2);
  Key above{};
  if (!first) above = key_at(L, 2);
  Key best{};
  bool found = false;
  lua_Integer count = 0;
  lua_pushnil(L);
  lua_insert(L, 3);  // 3: the best key so far
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pop(L, 1);
    ++count;
    const Key key = key_at(L, -1);
    if ((!first && !before(above, key)) || (found && !before(key, best))) continue;
    best = key;
    found = true;
    lua_pushvalue(L, -1);
    lua_replace(L, 3);
  }
  charge(L, static_cast<size_t>(count));
  lua_settop(L, 3);
  if (!found) return 1;
  lua_pushvalue(L, 3);
  lua_rawget(L, 1);
  return 2;
}

int ipairs_next(lua_State* L) {
  const lua_Integer i = luaL_checkinteger(L, 2) + 1;
  lua_pushinteger(L, i);
  return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

int nothing(lua_State*) { return 0; }

int ipairs(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushcfunction(L, is_planned(L, 1) ? nothing : ipairs_next);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

}  // namespace

void install_order(lua_State* L) {
  lua_register(L, "pairs", pairs);
  lua_register(L, "next", next);
  lua_register(L, "ipairs", ipairs);
}

}  // namespace engine::lua
