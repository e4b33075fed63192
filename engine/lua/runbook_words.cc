// runbook{...} keeps its table as JSON for read_runbook and its function for the run.
#include "engine/lua/runbook_words.h"

#include "engine/lua/binding.h"
#include "engine/lua/errors.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

const char kRunbook = 0;  // registry: the table given to runbook{...}
const char kRun = 0;      // registry: its function

// Stack: the runbook's table, a copy of it without its function.
Result<int> keep(lua_State* L) {
  State& run = state(L);
  run.runbook.clear();
  run.runbook_at = where(L);
  if (Result<void> written = write_json(L, 2, run.runbook, Dialect::declaration, true); !written) {
    return fail(code::kInvalidArgument, "runbook: " + written.error().message,
                "beside run, a runbook declares text, numbers, lists and maps");
  }
  return 0;
}

Result<int> refuse_shape(lua_State* L) {
  if (!lua_istable(L, 1))
    return fail(code::kInvalidArgument, "runbook takes a table: return runbook { ... }");
  return fail(code::kInvalidArgument, "the runbook has no function named run",
              "add run = function(ctx) ... end");
}

int runbook(lua_State* L) {
  lua_settop(L, 1);
  if (!lua_istable(L, 1) || lua_getfield(L, 1, "run") != LUA_TFUNCTION)
    return bind<refuse_shape>(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kRun);
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, 1)) {  // table copy key value
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    const bool run_field =
        lua_type(L, -2) == LUA_TSTRING && std::string_view(lua_tostring(L, -2)) == "run";
    if (run_field) {
      lua_pop(L, 2);
    } else {
      lua_rawset(L, 2);
    }
  }
  if (run_binding(L, keep) == kRaise) return raise_pending(L);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kRunbook);
  return 1;
}

// alert "Name" and alert { name = "Name", ... } -> { kind = "alert", name = "Name", ... }; options
// may follow the text: cron("0 2 * * *", { tz = "UTC" }).
int trigger(lua_State* L) {
  lua_settop(L, 2);
  if (!lua_istable(L, 1)) {
    luaL_checkstring(L, 1);
    if (!lua_isnil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
    lua_createtable(L, 0, 4);
    for (lua_pushnil(L);
         lua_istable(L, 2) && lua_next(L, 2) != 0;) {  // text options trigger key value
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, 3);
    }
    lua_settop(L, 3);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 1);
    lua_rawset(L, 3);
  } else {
    lua_settop(L, 1);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setfield(L, -2, "kind");
  return 1;
}

}  // namespace

void install_runbook_words(lua_State* L) {
  lua_register(L, "runbook", runbook);
  static constexpr const char* kTriggers[][2] = {{"alert", "name"},
                                                 {"cron", "schedule"},
                                                 {"every", "interval"},
                                                 {"webhook", "name"},
                                                 {"event", "name"}};
  for (const auto& [kind, field] : kTriggers) {
    lua_pushstring(L, kind);
    lua_pushstring(L, field);
    lua_pushcclosure(L, trigger, 2);
    lua_setglobal(L, kind);
  }
}

bool is_runbook(lua_State* L, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kRunbook);
  const bool same = lua_istable(L, -1) && lua_rawequal(L, -1, index);
  lua_pop(L, 1);
  return same;
}

void push_run(lua_State* L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &kRun); }

}  // namespace engine::lua
