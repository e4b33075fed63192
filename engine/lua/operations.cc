// Globals that lead to operations. A plugin's table is an empty proxy over a cache that is filled
// at first use.
#include "engine/lua/operations.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/lua/binding.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/globals.h"
#include "engine/lua/modules.h"
#include "engine/lua/sandbox.h"
#include "engine/lua/scripted_call.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"
#include "engine/ops/registry.h"

namespace engine::lua {
namespace {

const char kScripted = 0;  // registry: the prelude's function that makes a scripted operation's

std::string_view text_at(lua_State* L, int index) {
  size_t length = 0;
  const char* text = lua_tolstring(L, index, &length);
  return {text ? text : "", text ? length : 0};
}

Error with_operation(Error error, std::string_view operation) {
  error.operation = operation;
  return error;
}

// The call of an operation. One table of named arguments.
Result<int> call_named(lua_State* L, std::string_view name) {
  const int given = lua_gettop(L);
  if (given > 1 || (given == 1 && !lua_istable(L, 1) && !lua_isnil(L, 1))) {
    return fail(with_operation(
        Error(code::kInvalidArgument, std::string(name) + " takes one table of named arguments",
              "write " + std::string(name) + "{ name = value }"),
        name));
  }
  std::string args;
  if (given == 0 || lua_isnil(L, 1)) {
    args = "{}";
  } else if (Result<void> written = write_json(L, 1, args, Dialect::wire, true); !written) {
    written.error().message.insert(0, std::string(name) + ": ");
    return fail(with_operation(std::move(written.error()), name));
  }
  if (args.starts_with('[')) {
    return fail(with_operation(
        Error(code::kInvalidArgument, std::string(name) + " takes named arguments, not a list",
              "write " + std::string(name) + "{ name = value }"),
        name));
  }
  return Coroutine::await(L, name, [&](Coroutine& self, Done done) {
    return state(L).outside.call(self.next_place(), name, std::move(args), self.step, where(L),
                                 std::move(done));
  });
}

// The name is the function's upvalue.
Result<int> call_operation(lua_State* L) { return call_named(L, text_at(L, lua_upvalueindex(1))); }

// The names next to `prefix`, for "did you mean".
Error unknown(State& run, std::string_view prefix, std::string_view name) {
  const std::string full = std::string(prefix) + "." + std::string(name);
  Error error(code::kNotFound, "no operation named '" + full + "'");
  Result<std::vector<std::string>> children = run.registry.children(prefix);
  if (!children) return std::move(children.error());
  if (const std::optional<std::string> near = nearest(name, *children)) {
    error.hint = "did you mean '" + std::string(prefix) + "." + *near + "'?";
  } else {
    error.hint = "see engine ops " + std::string(prefix);
  }
  return error;
}

struct Found {
  bool operation = false, prefix = false, scripted = false;
};

Result<Found> look_up(State& run, const std::string& full) {
  Found found;
  Result<const ops::Operation*> operation = run.registry.find(full);
  found.operation = operation.has_value();
  found.scripted = operation && (*operation)->script;
  if (!operation && operation.error().code != code::kNotFound)
    return fail(std::move(operation.error()));
  Result<std::vector<std::string>> children = run.registry.children(full);
  if (children) found.prefix = !children->empty();
  return found;
}

int resolve(lua_State* L);
int assign(lua_State* L);
int scripted(lua_State* L);

// Pushes the proxy of `prefix`, which is on top of the stack as text.
void push_namespace(lua_State* L, bool callable) {
  lua_createtable(L, 0, 0);
  lua_createtable(L, 0, 5);
  lua_createtable(L, 0, 4);  // prefix proxy meta cache
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, -5);
  lua_pushcclosure(L, resolve, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, "__index");  // prefix proxy meta
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, assign, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushliteral(L, "operations");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__name");
  lua_setfield(L, -2, "__metatable");
  if (callable) {
    lua_pushvalue(L, -3);
    lua_pushcclosure(
        L, [](lua_State* state) { return lua_remove(state, 1), bind<call_operation>(state); }, 1);
    lua_setfield(L, -2, "__call");
  }
  lua_setmetatable(L, -2);
}

Result<int> find_below(lua_State* L) {
  State& run = state(L);
  const std::string_view prefix = text_at(L, lua_upvalueindex(1));
  if (lua_type(L, 2) != LUA_TSTRING) {
    return fail(code::kInvalidArgument,
                "operations of " + std::string(prefix) + " have names that are text");
  }
  const std::string full = std::string(prefix) + "." + std::string(text_at(L, 2));
  Result<Found> found = look_up(run, full);
  if (!found) return fail(std::move(found.error()));
  if (!found->operation && !found->prefix) return fail(unknown(run, prefix, text_at(L, 2)));
  *static_cast<Found*>(lua_touserdata(L, 3)) = *found;
  return 0;
}

// __index of a namespace's cache: finds the name once and keeps what it is.
int resolve(lua_State* L) {
  Found lookup;
  lua_settop(L, 2);
  lua_pushlightuserdata(L, &lookup);
  if (run_binding(L, find_below) == kRaise) return raise_pending(L);
  lua_settop(L, 2);
  lua_pushfstring(L, "%s.%s", lua_tostring(L, lua_upvalueindex(1)), lua_tostring(L, 2));
  if (lookup.prefix) {
    push_namespace(L, lookup.operation);
    lua_remove(L, -2);
  } else if (lookup.scripted) {
    install_prelude(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kScripted);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    lua_pushcclosure(L, scripted, 1);
  } else {
    lua_pushcclosure(L, bind<call_operation>, 1);
  }
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);  // cache name value
  return 1;
}

Result<int> refuse_assignment(lua_State* L) {
  return fail(
      code::kInvalidArgument,
      "operations of " + std::string(text_at(L, lua_upvalueindex(1))) + " cannot be assigned to");
}
int assign(lua_State* L) { return bind<refuse_assignment>(L); }

Result<int> unknown_global(lua_State* L) {
  State& run = state(L);
  const std::string name(lua_type(L, 2) == LUA_TSTRING ? text_at(L, 2) : luaL_typename(L, 2));
  std::vector<std::string> known = global_names();
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) known.emplace_back(text_at(L, -1));
  }
  if (Result<std::vector<std::string>> plugins = run.registry.children("")) {
    known.insert(known.end(), plugins->begin(), plugins->end());
  }
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  const std::optional<std::string> near = nearest(name, known);
  if (std::string instead = removed_from_lua(name); !instead.empty()) {
    return fail(code::kInvalidArgument, "there is no '" + name + "' in a runbook",
                std::move(instead));
  }
  return fail(code::kInvalidArgument, "there is no variable or plugin named '" + name + "'",
              near ? "did you mean '" + *near + "'?" : "declare it: local " + name);
}

Result<int> is_plugin(lua_State* L) {
  const bool plugin = lua_type(L, 2) == LUA_TSTRING && state(L).registry.is_plugin(text_at(L, 2));
  lua_pushboolean(L, plugin);
  return 1;
}

// __index of the globals.
int global(lua_State* L) {
  lua_settop(L, 2);
  if (run_binding(L, is_plugin) == kRaise) return raise_pending(L);
  if (!lua_toboolean(L, -1)) {
    lua_settop(L, 2);
    if (lua_type(L, 2) != LUA_TSTRING || !install_global(L, text_at(L, 2)))
      return bind<unknown_global>(L);
    lua_gettable(L, 1);
    return 1;
  }
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  push_namespace(L, false);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

// call(name, arguments): as any operation; the answer of a scripted one is what it may begin with.
Result<int> call_scripted(lua_State* L) {
  const std::string_view name = text_at(L, 1);  // the prelude holds it
  lua_remove(L, 1);
  return call_named(L, name);
}

// A C function between the script and the prelude's: a script's `return plugin.operation{}` would
// otherwise leave no frame behind, and so no line.
int scripted_ended(lua_State* L, int, lua_KContext) { return lua_gettop(L); }

int scripted(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, scripted_ended);
  return lua_gettop(L);
}

int on_scripted(lua_State* L) {
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kScripted);
  return 0;
}

}  // namespace

void install_scripted(lua_State* L) {
  static constexpr luaL_Reg kFunctions[] = {{"call", bind<call_scripted>},
                                            {"on_scripted", on_scripted},
                                            {"body", push_plugin_function},
                                            {nullptr, nullptr}};
  luaL_setfuncs(L, kFunctions, 0);
  install_scripted_call(L);
}

void install_operations(lua_State* L) {
  lua_pushglobaltable(L);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, global);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "globals");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

}  // namespace engine::lua
