// The globals of a run.
#include "engine/lua/sandbox.h"

#include <cstring>
#include <map>
#include <string>

#include "engine/base/embedded.h"
#include "engine/lua/control.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/library.h"
#include "engine/lua/modules.h"
#include "engine/lua/operations.h"
#include "engine/lua/order.h"
#include "engine/lua/protect.h"
#include "engine/lua/runbook_words.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

constexpr size_t kLoadBytesMax = 1 << 20;  // of a text given to load()

int append_bytecode(lua_State*, const void* data, size_t size, void* into) {
  static_cast<std::string*>(into)->append(static_cast<const char*>(data), size);
  return 0;
}

// The bytecode of one of our files; kept for every later run of the process. A run that an older
// program has begun may bring an older text.
std::string_view bytecode(lua_State* L, const char* name) {
  static std::map<std::string, std::string, std::less<>> compiled;
  const std::string_view present = embedded(name), text = state(L).outside.own(name);
  if (text.data() != present.data() && text != present) return text;
  std::string& code = compiled[name];
  if (!code.empty()) return code;
  if (luaL_loadbufferx(L, text.data(), text.size(), kOurChunk, "t") != LUA_OK) lua_error(L);
  lua_dump(L, append_bytecode, &code, 0);
  lua_pop(L, 1);
  return code;
}

// Names without addresses: two replays print the same.
int to_text(lua_State* L) {
  luaL_checkany(L, 1);
  const int type = lua_type(L, 1);
  const bool named = luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL;
  if (named || type < LUA_TTABLE) {
    luaL_tolstring(L, 1, nullptr);
    return 1;
  }
  if (luaL_getmetafield(L, 1, "__name") == LUA_TSTRING) return 1;
  lua_pushstring(L, lua_typename(L, type));
  return 1;
}

int set_metatable(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, lua_isnoneornil(L, 2) || lua_istable(L, 2), 2, "nil or table");
  lua_settop(L, 2);
  if (mark_of(L, 1) == Mark::none && luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
    return luaL_error(L, "cannot change a protected metatable");
  }
  for (const char* event : {"__gc", "__mode"}) {
    if (!lua_istable(L, 2)) break;
    lua_pushstring(L, event);
    if (lua_rawget(L, 2) != LUA_TNIL) {
      return luaL_error(
          L, "a metatable with %s cannot be used: when memory is freed must not show in a run",
          event);
    }
    lua_pop(L, 1);
  }
  lua_settop(L, 2);
  if (lua_istable(L, 2)) {
    lua_pushliteral(L, "__close");
    if (lua_rawget(L, 2) == LUA_TFUNCTION) note_close_handler(L, -1);
    lua_settop(L, 2);
  }
  lua_setmetatable(L, 1);
  return 1;
}

int raw_set(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  if (mark_of(L, 1) == Mark::none && luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
    return luaL_error(L, "cannot change a protected table");
  }
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

// load(text, name, mode, environment): text alone, never bytecode.
int load_text(lua_State* L) {
  size_t length = 0;
  if (lua_type(L, 1) != LUA_TSTRING)
    return luaL_error(L, "load takes a text, not a %s", luaL_typename(L, 1));
  const char* text = lua_tolstring(L, 1, &length);
  if (length > kLoadBytesMax) return luaL_error(L, "load takes a text of at most 1 MiB");
  const char* name = luaL_optstring(L, 2, "loaded text");
  if (*name == '=' || *name == '@') ++name;
  lua_settop(L, 4);
  lua_pushfstring(L, "=[%s]", name);
  if (luaL_loadbufferx(L, text, length, lua_tostring(L, -1), "t") != LUA_OK) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  if (!lua_isnil(L, 4)) {
    lua_pushvalue(L, 4);
    if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
  }
  charge(L, length / 4);
  return 1;
}

void install_base(lua_State* L) {
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 0);
  for (const char* name : {"dofile", "loadfile", "collectgarbage", "print", "warn"}) {
    lua_pushnil(L);
    lua_setglobal(L, name);
  }
  lua_register(L, "tostring", to_text);
  lua_register(L, "setmetatable", set_metatable);
  lua_register(L, "rawset", raw_set);
  lua_register(L, "load", load_text);
}

}  // namespace

std::string_view Outside::own(std::string_view name) { return embedded(name); }

void run_our_chunk(lua_State* L, const char* name, int arguments) {
  const std::string_view code = bytecode(L, name);
  if (luaL_loadbufferx(L, code.data(), code.size(), kOurChunk, "bt") != LUA_OK) lua_error(L);
  lua_insert(L, -arguments - 1);
  lua_call(L, arguments, 0);
}

void install_sandbox(lua_State* L) {
  install_base(L);
  install_close_handlers(L);
  install_values(L);
  install_errors(L);
  install_order(L);
  install_protect(L);
  install_words(L);
  install_runbook_words(L);
  install_modules(L);
  install_library(L, bytecode(L, "engine/lua/library.lua"));
  lua_createtable(L, 0, 8);
  install_control(L);
  install_scripted(L);
  run_our_chunk(L, "engine/lua/prelude.lua", 1);
  install_operations(L);
}

}  // namespace engine::lua
