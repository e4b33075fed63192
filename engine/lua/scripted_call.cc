// What the run is told about the function of a Lua plugin's operation.
#include "engine/lua/scripted_call.h"

#include "engine/lua/binding.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

const char kMeta = 0;  // its address is the registry key of the metatable

struct OpenCall {
  int number;  // of the call within its task
  bool open;
};

int begun(lua_State* L) {
  lua_settop(L, 1);
  if (is_planned(L, 1) || !lua_istable(L, 1)) {
    lua_pushboolean(L, 0);
    return 1;
  }
  auto* call = static_cast<OpenCall*>(lua_newuserdatauv(L, sizeof(OpenCall), 0));
  *call = {owner(L)->last_number(), true};
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMeta);
  lua_setmetatable(L, -2);
  return 1;
}

Result<std::string> record(lua_State* L, OpenCall& call, Result<std::string> outcome) {
  call.open = false;
  Coroutine& self = *owner(L);
  return state(L).outside.ended({self.path(), call.number, self.within}, std::move(outcome));
}

// Stack: call, whether it ran, its result or error. Leaves the result's JSON in the state's
// scratch.
Result<int> end(lua_State* L) {
  auto& call = *static_cast<OpenCall*>(lua_touserdata(L, 1));
  State& run = state(L);
  if (!lua_toboolean(L, 2)) {
    read_error(L, 3, run.pending);
    static_cast<void>(record(L, call, fail(run.pending)));
    return 0;
  }
  std::string json;
  Result<void> written = write_json(L, 3, json, Dialect::wire);
  Result<std::string> outcome = std::move(json);
  if (!written) {
    outcome = fail(code::kInvalidArgument,
                   "what a plugin's function answered cannot be kept: " + written.error().message,
                   written.error().hint);
  }
  outcome = record(L, call, std::move(outcome));
  if (!outcome) return fail(std::move(outcome.error()));
  run.scratch = std::move(*outcome);
  return 0;
}

// The runbook gets a copy: nothing that it does to it reaches into the plugin.
Result<int> read_back(lua_State* L) {
  if (Result<void> pushed = push_json(L, state(L).scratch, Dialect::wire); !pushed)
    return fail(std::move(pushed.error()));
  return 1;
}

int ended(lua_State* L) {
  lua_settop(L, 3);
  if (run_binding(L, end) == kRaise) return raise_pending(L);
  if (!lua_toboolean(L, 2)) return 2;
  lua_settop(L, 2);
  if (state(L).scratch == "null") {
    lua_pushnil(L);
  } else if (run_binding(L, read_back) == kRaise) {
    return raise_pending(L);
  }
  return 2;
}

// Left by other ways than through its end: the task was destroyed.
Result<int> close(lua_State* L) {
  auto* call = static_cast<OpenCall*>(lua_touserdata(L, 1));
  if (!call || !call->open || !owner(L)) return 0;
  static_cast<void>(record(L, *call, fail(code::kCancelled, "the task was ended")));
  return 0;
}

}  // namespace

void install_scripted_call(lua_State* L) {
  static constexpr luaL_Reg kFunctions[] = {{"begun", begun}, {"ended", ended}, {nullptr, nullptr}};
  luaL_setfuncs(L, kFunctions, 0);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, bind<close>);
  lua_setfield(L, -2, "__close");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMeta);
}

}  // namespace engine::lua
