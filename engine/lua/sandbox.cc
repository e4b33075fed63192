// The globals of a run.
#include "engine/lua/sandbox.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "engine/base/embedded.h"
#include "engine/lua/control.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/globals.h"
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

constexpr const char* kLibrary = "engine/lua/library.lua";
constexpr const char* kPrelude = "engine/lua/prelude.lua";
const char kStrings = 0;     // registry: stock Lua's table of string functions
const char kOurGlobals = 0;  // registry: what our own chunks see, whatever the script has changed
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
  lua_pushnil(L);
  lua_setglobal(L, "_G");  // comes with everything else that comes later
}

// What is there now, whatever a script makes of it; the rest is looked for, and made, among the
// globals.
void keep_globals(lua_State* L) {
  lua_createtable(L, 0, 48);
  lua_pushglobaltable(L);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_createtable(L, 0, 1);
  lua_insert(L, -2);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kOurGlobals);
}

// Makes what the table on top holds global; a script's own variable of such a name stays.
void offer_globals(lua_State* L) {
  lua_pushglobaltable(L);
  lua_pushnil(L);
  while (lua_next(L, -3)) {
    lua_pushvalue(L, -2);
    if (lua_rawget(L, -4) == LUA_TNIL) {
      lua_pushvalue(L, -3);
      lua_pushvalue(L, -3);
      lua_rawset(L, -6);
    }
    lua_pop(L, 2);
  }
  lua_pop(L, 2);
}

// Calls it with the table on top. Its globals are offered to the script.
void run_our_chunk(lua_State* L, const char* name) {
  const std::string_view code = bytecode(L, name);
  lua_createtable(L, 0, 16);
  lua_createtable(L, 0, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kOurGlobals);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_insert(L, -2);  // globals arguments
  if (luaL_loadbufferx(L, code.data(), code.size(), kOurChunk, "bt") != LUA_OK) lua_error(L);
  lua_pushvalue(L, -3);
  lua_setupvalue(L, -2, 1);
  lua_insert(L, -2);
  lua_call(L, 1, 0);
  offer_globals(L);
}

// Moves a script's own variables that have names of library tables into the table on top.
void take_globals(lua_State* L) {
  lua_pushglobaltable(L);
  for (const char* name : kLibraryTables) {
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_setfield(L, -3, name);
    lua_pushnil(L);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 1);
}

void load_library(lua_State* L) {
  state(L).has_library = true;
  lua_newtable(L);
  const int taken = lua_gettop(L);
  take_globals(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kStrings);
  lua_setglobal(L, "string");
  lua_createtable(L, 0, 12);  // primitives
  lua_pushcfunction(L, to_text);
  lua_setfield(L, -2, "tostring");
  install_library(L);
  run_our_chunk(L, kLibrary);
  for (const char* name : kLibraryTables) {
    if (lua_getfield(L, taken, name) != LUA_TNIL) {
      lua_setglobal(L, name);
    } else {
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

void load_prelude(lua_State* L) {
  state(L).has_prelude = true;
  lua_createtable(L, 0, 16);
  install_control(L);
  install_scripted(L);
  run_our_chunk(L, kPrelude);
}

int method(lua_State* L) {
  if (!state(L).has_library) load_library(L);
  lua_settop(L, 2);
  lua_gettable(L, 1);
  return 1;
}

// ("x"):upper() is what needs the library; "10" + 1 does not.
void install_texts(lua_State* L) {
  lua_pushcfunction(L, luaopen_string);
  lua_call(L, 0, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kStrings);
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushcfunction(L, method);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
}

}  // namespace

std::string_view Outside::own(std::string_view name) { return embedded(name); }

bool install_global(lua_State* L, std::string_view name) {
  State& run = state(L);
  const bool all = name == "_G";
  const bool library = all || std::ranges::find(kLibraryTables, name) != kLibraryTables.end();
  bool installed = false;
  if (library && !run.has_library) {
    load_library(L);
    installed = true;
  }
  if (all || !library) installed |= install_prelude(L);
  if (!all) return installed;
  lua_pushglobaltable(L);
  lua_setglobal(L, "_G");
  return true;
}

bool install_prelude(lua_State* L) {
  if (state(L).has_prelude) return false;
  load_prelude(L);
  return true;
}

void install_sandbox(lua_State* L) {
  install_base(L);
  install_texts(L);
  install_close_handlers(L);
  install_values(L);
  install_errors(L);
  install_order(L);
  install_protect(L);
  install_words(L);
  install_runbook_words(L);
  install_modules(L);
  keep_globals(L);
  install_operations(L);
  // Made at their first use; which texts they are is settled now.
  state(L).outside.own(kLibrary);
  state(L).outside.own(kPrelude);
}

}  // namespace engine::lua
