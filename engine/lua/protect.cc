// pcall and xpcall. The handler of xpcall runs after unwinding, as any function: it can wait and it
// is sliced.
#include "engine/lua/protect.h"

#include "engine/lua/errors.h"
#include "engine/lua/state.h"

namespace engine::lua {
namespace {

// Passes on what no script may catch; the error is on top of the stack.
void pass_on_limits(lua_State* L, int status) {
  State& run = state(L);
  if (status == LUA_ERRMEM) out_of_memory(run);
  if (run.fatal) lua_error(L);
}

bool ended_well(int status) { return status == LUA_OK || status == LUA_YIELD; }

// `below`: what lies under the results.
int finish_pcall(lua_State* L, int status, lua_KContext below) {
  if (ended_well(status)) return lua_gettop(L) - static_cast<int>(below);
  pass_on_limits(L, status);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

int pcall(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushcfunction(L, on_error);
  lua_pushboolean(L, 1);
  lua_rotate(L, 1, 2);  // on_error true f ...
  const int status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 1, 1, finish_pcall);
  return finish_pcall(L, status, 1);
}

int finish_handler(lua_State* L, int, lua_KContext below) {
  return lua_gettop(L) - static_cast<int>(below);
}

int finish_xpcall(lua_State* L, int status, lua_KContext) {
  if (ended_well(status)) return lua_gettop(L) - 2;
  pass_on_limits(L, status);
  lua_replace(L, 3);
  lua_settop(L, 3);  // on_error handler error
  lua_pushboolean(L, 0);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  std::string& text = state(L).scratch;
  text = traceback_of(L, 3);
  lua_pushlstring(L, text.data(), text.size());
  lua_callk(L, 2, LUA_MULTRET, 3, finish_handler);
  return finish_handler(L, LUA_OK, 3);
}

// xpcall(f, handler, ...): the handler is called with the error and its traceback.
int xpcall(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushcfunction(L, on_error);
  lua_insert(L, 1);  // on_error f handler ...
  lua_pushvalue(L, 2);
  lua_copy(L, 3, 2);  // on_error handler handler ... f
  lua_pushboolean(L, 1);
  lua_replace(L, 3);  // on_error handler true ... f
  lua_insert(L, 4);   // on_error handler true f ...
  const int status = lua_pcallk(L, lua_gettop(L) - 4, LUA_MULTRET, 1, 0, finish_xpcall);
  return finish_xpcall(L, status, 0);
}

}  // namespace

void install_protect(lua_State* L) {
  lua_register(L, "pcall", pcall);
  lua_register(L, "xpcall", xpcall);
}

}  // namespace engine::lua
