// require(name): the text comes from outside, its value is kept, a circle is an error that shows
// the way round.
#include "engine/lua/modules.h"

#include "engine/lua/binding.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/state.h"
#include "engine/ops/operation.h"

namespace engine::lua {
namespace {

const char kLoaded = 0;   // registry: source -> value
const char kLoading = 0;  // registry: list of the sources that are being loaded

std::string_view text_at(lua_State* L, int index) {
  size_t length = 0;
  const char* text = lua_tolstring(L, index, &length);
  return {text ? text : "", text ? length : 0};
}

// Leaves the source's name in the state's scratch and its text among the sources.
Result<int> find(lua_State* L) {
  State& run = state(L);
  if (lua_type(L, 1) != LUA_TSTRING) {
    return fail(code::kInvalidArgument, "require takes the name of a module",
                "require(\"std.units\")");
  }
  Result<Outside::Module> module = run.outside.module(text_at(L, 1), where(L).source);
  if (!module) return fail(std::move(module.error()));
  run.scratch = module->source;
  run.sources.try_emplace(module->source, std::move(module->text));
  return 0;
}

// Stack: name source loading. The way round, if the module is being loaded already.
Result<int> refuse_circle(lua_State* L) {
  const auto depth = static_cast<lua_Integer>(lua_rawlen(L, 3));
  std::string way;
  for (lua_Integer i = 1; i <= depth; ++i) {
    lua_rawgeti(L, 3, i);
    const bool same = lua_rawequal(L, -1, 2);
    if (same || !way.empty()) way.append(text_at(L, -1)).append(" -> ");
    lua_pop(L, 1);
  }
  if (way.empty()) return 0;
  return fail(code::kInvalidArgument,
              "modules require each other in a circle: " + way + std::string(text_at(L, 2)),
              "move what both need into a third module");
}

Result<int> compile(lua_State* L) {
  State& run = state(L);
  const std::string source(text_at(L, 2));
  const std::string& text = run.sources.find(source)->second;
  if (luaL_loadbufferx(L, text.data(), text.size(), ("@" + source).c_str(), "t") == LUA_OK)
    return 1;
  const SplitMessage parts = split_message(text_at(L, -1));
  return fail(code::kInvalidArgument,
              source + ":" + std::to_string(parts.at.line) + ": " + parts.message,
              excerpt(text, parts.at.line, parts.message));
}

// Stack: name. The module that `find` has left in the state's scratch.
int load(lua_State* L) {
  const std::string& source = state(L).scratch;
  lua_pushlstring(L, source.data(), source.size());
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kLoading);  // name source loading
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kLoaded);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, 4) != LUA_TNIL) return 1;
  lua_settop(L, 4);
  if (run_binding(L, refuse_circle) == kRaise) return raise_pending(L);
  const auto depth = static_cast<lua_Integer>(lua_rawlen(L, 3));
  if (run_binding(L, compile) == kRaise) return raise_pending(L);
  lua_pushvalue(L, 2);
  lua_rawseti(L, 3, depth + 1);
  lua_pushvalue(L, 1);
  // Not lua_callk: a module's top level cannot wait, so that its value is there when require
  // returns, for all tasks.
  const int status = lua_pcall(L, 1, 1, 0);
  lua_pushnil(L);
  lua_rawseti(L, 3, depth + 1);
  if (status == LUA_ERRMEM) out_of_memory(state(L));
  if (status != LUA_OK) return lua_error(L);
  if (lua_isnil(L, -1)) lua_pushboolean(L, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 4);
  return 1;
}

int require(lua_State* L) {
  lua_settop(L, 1);
  return run_binding(L, find) == kRaise ? raise_pending(L) : load(L);
}

// The operation of the function that runs is a plugin's; so is the text.
Result<int> find_plugin(lua_State* L) {
  State& run = state(L);
  const ops::Operation& operation = *owner(L)->within;
  Outside::Module module = run.outside.plugin(operation);
  run.scratch = module.source;
  run.sources.try_emplace(module.source, std::move(module.text));
  return 0;
}

// The verb of the operation, and the function that the plugin's text has for it.
Result<int> refuse_plugin(lua_State* L) {
  const ops::Operation& operation = *owner(L)->within;
  return fail(code::kInternal,
              operation.script->source + " has no function for " + operation.name +
                  " in a run, though it had one when it was declared",
              "a plugin's declaration must not depend on anything but its text");
}

void push_verb(lua_State* L) {
  const std::string_view verb = owner(L)->within->verb();
  lua_pushlstring(L, verb.data(), verb.size());
}

}  // namespace

Outside::Module Outside::plugin(const ops::Operation& operation) {
  return {operation.script->source, operation.script->text};
}

int push_plugin_function(lua_State* L) {
  lua_settop(L, 0);
  if (run_binding(L, find_plugin) == kRaise) return raise_pending(L);
  push_verb(L);
  load(L);
  const auto field = [L](const char* name) {
    if (!lua_istable(L, -1)) return false;
    return lua_getfield(L, -1, name) != LUA_TNIL;
  };
  if (!field("operations") || !lua_istable(L, -1)) return bind<refuse_plugin>(L);
  push_verb(L);
  lua_gettable(L, -2);
  if (!field("run") || !lua_isfunction(L, -1)) return bind<refuse_plugin>(L);
  return 1;
}

void install_modules(lua_State* L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kLoading);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kLoaded);
  lua_register(L, "require", require);
}

}  // namespace engine::lua
