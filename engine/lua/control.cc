// Waiting, steps and retries for the prelude.
#include "engine/lua/control.h"

#include <cmath>

#include "engine/lua/binding.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/group.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"
#include "engine/ops/registry.h"

namespace engine::lua {
namespace {

constexpr int kDepthMax = 32;  // operations of Lua plugins, each called by the function of another

const char kStepMeta = 0;  // its address is the registry key of the metatable

struct OpenStep {
  int id;
  int parent;
  bool open;
};

std::string_view text_at(lua_State* L, int index) {
  size_t length = 0;
  const char* text = lua_tolstring(L, index, &length);
  return {text ? text : "", text ? length : 0};
}

// wait(ms, what)
Result<int> wait(lua_State* L) {
  const int64_t delay = lua_tointeger(L, 1);
  return Coroutine::await(L, text_at(L, 2), [&](Coroutine& self, Done done) {
    return state(L).outside.wait(self.next_place(), delay, text_at(L, 2), where(L),
                                 std::move(done));
  });
}

// wait_till(time, what): a time of day, as text or as os.time gives it
Result<int> wait_till(lua_State* L) {
  const std::string what(text_at(L, 2));
  constexpr lua_Number kSecondsMax = 1e12;
  int64_t till = 0;
  const lua_Number seconds = lua_type(L, 1) == LUA_TNUMBER ? lua_tonumber(L, 1) : -1;
  if (seconds >= 0 && seconds < kSecondsMax) {
    till = static_cast<int64_t>(std::ceil(seconds * 1000));
  } else if (lua_type(L, 1) == LUA_TSTRING) {
    const Result<int64_t> read = parse_time(text_at(L, 1));
    if (!read)
      return fail(code::kInvalidArgument, what + ": " + read.error().message, read.error().hint);
    till = *read;
  } else {
    return fail(code::kInvalidArgument,
                what + ": till takes a time since 1970, not this " + luaL_typename(L, 1),
                "write it like 2026-11-21T02:00:00Z, or give what os.time answers");
  }
  return Coroutine::await(L, what, [&](Coroutine& self, Done done) {
    return state(L).outside.wait_till(self.next_place(), till, where(L), std::move(done));
  });
}

// word(name, arguments): the run's answer
Result<int> word(lua_State* L) {
  const std::string_view name = text_at(L, 1);
  std::string args;
  if (Result<void> written = write_json(L, 2, args, Dialect::wire, true); !written) {
    written.error().message.insert(0, std::string(name) + ": ");
    return fail(std::move(written.error()));
  }
  Result<int> begun = Coroutine::await(L, name, [&](Coroutine& self, Done done) {
    return state(L).outside.word(self.next_place(), name, std::move(args), self.step, where(L),
                                 std::move(done));
  });
  if (begun) owner(L)->notes_taking();
  return begun;
}

// Stack: functions results threads failed what body options
Result<int> group(lua_State* L) {
  Result<Coroutine*> self = Coroutine::enter(L, text_at(L, 5));
  if (!self) return fail(std::move(self.error()));
  auto& options = *static_cast<GroupOptions*>(lua_touserdata(L, 7));
  State& run = state(L);
  if (lua_isstring(L, 6)) {
    Result<const ops::Operation*> body_of = run.registry.find(text_at(L, 6));
    if (!body_of) return fail(std::move(body_of.error()));
    options.body_of = *body_of;
    if ((*self)->depth >= kDepthMax) {
      return fail(code::kResourceExhausted,
                  options.body_of->name + " is called within operations of Lua plugins, " +
                      std::to_string(kDepthMax) + " deep",
                  "look for operations that call each other in a circle");
    }
  }
  if (run.scheduler->tasks + options.count > run.limits.tasks) {
    return fail(code::kResourceExhausted,
                "a run may have " + std::to_string(run.limits.tasks) +
                    " tasks side by side, and this asks for more",
                "start them in smaller groups, or give parallel a smaller list");
  }
  auto begun = std::make_unique<Group>(*run.scheduler, **self, options);
  Group& it = *begun;
  (*self)->wait_for(std::move(begun));
  it.begin();
  return kWait;
}

// group(functions, limit, collect, timeout in ms or nil, what, operation whose function it is or
// nil, race) -> results, failed flags, the winner's number. Makes room for the group's lists, which
// may raise, so it is no binding.
int start_group(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkstack(L, 8, nullptr);
  GroupOptions options;
  options.race = lua_toboolean(L, 7);
  lua_settop(L, 6);
  options.count = static_cast<int>(lua_rawlen(L, 1));
  options.limit = static_cast<int>(lua_tointeger(L, 2));
  options.collect = lua_toboolean(L, 3);
  options.timeout_ms = lua_isnil(L, 4) ? -1 : lua_tointeger(L, 4);
  for (int list = 2; list <= 4; ++list) {
    lua_createtable(L, options.count, 0);
    lua_replace(L, list);
  }
  lua_pushlightuserdata(L, &options);
  if (run_binding(L, group) == kRaise) return raise_pending(L);
  lua_settop(L, 4);
  return suspend(L);
}

// duration(value, what) -> ms
Result<int> duration(lua_State* L) {
  const std::string what(text_at(L, 2));
  int64_t ms = -1;
  if (lua_type(L, 1) == LUA_TSTRING) {
    Result<Millis> parsed = parse_duration(text_at(L, 1));
    if (!parsed)
      return fail(code::kInvalidArgument, what + ": " + parsed.error().message,
                  parsed.error().hint);
    ms = parsed->count();
  } else if (lua_type(L, 1) == LUA_TNUMBER) {
    const lua_Number number = lua_tonumber(L, 1);
    if (number >= 0 && number < 1e15) ms = static_cast<int64_t>(std::ceil(number));
  }
  if (ms < 0) {
    return fail(code::kInvalidArgument,
                what + " takes a duration such as \"30s\" or a number of milliseconds, not a " +
                    luaL_typename(L, 1));
  }
  lua_pushinteger(L, ms);
  return 1;
}

Result<int> step_begin(lua_State* L) {
  auto* step = static_cast<OpenStep*>(lua_touserdata(L, 2));
  Coroutine* self = owner(L);
  State& run = state(L);
  if (!self || run.loading) {
    return fail(code::kInvalidArgument, "step can only be used while a run runs",
                "call it inside run");
  }
  *step = {++run.steps_opened, self->step, true};
  run.open_steps.push_back(step->id);
  self->step = step->id;
  run.outside.step_opened(step->id, step->parent, text_at(L, 1), where(L));
  return 1;
}

// step_open(name) -> a value that ends the step when it is closed
int step_open(lua_State* L) {
  lua_settop(L, 1);
  auto* step = static_cast<OpenStep*>(lua_newuserdatauv(L, sizeof(OpenStep), 0));
  *step = {0, 0, false};
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kStepMeta);
  lua_setmetatable(L, -2);
  return bind<step_begin>(L);
}

Result<int> step_close(lua_State* L) {
  auto* step = static_cast<OpenStep*>(lua_touserdata(L, 1));
  if (!step || !step->open) return 0;
  step->open = false;
  State& run = state(L);
  if (Coroutine* self = owner(L)) self->step = step->parent;
  std::erase(run.open_steps, step->id);
  if (lua_isnoneornil(L, 2)) {
    run.outside.step_closed(step->id, nullptr);
  } else {
    read_error(L, 2, run.pending);
    run.outside.step_closed(step->id, &run.pending);
  }
  return 0;
}

// retry_wait(next attempt, attempts, delay in ms, error)
Result<int> retry_wait(lua_State* L) {
  State& run = state(L);
  read_error(L, 4, run.pending);
  const int64_t delay = lua_tointeger(L, 3);
  return Coroutine::await(L, "retry", [&](Coroutine& self, Done done) {
    run.outside.retrying(self.step, static_cast<int>(lua_tointeger(L, 1)),
                         static_cast<int>(lua_tointeger(L, 2)), delay, run.pending);
    return run.outside.wait(self.next_place(), delay, "retry", where(L), std::move(done));
  });
}

// random() -> [0, 1), the same in every replay
int random(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(next_random(L) >> 11) * 0x1.0p-53);
  return 1;
}

// doubts() -> how many changes were cut off with their outcome unknown
Result<int> doubts(lua_State* L) {
  lua_pushinteger(L, state(L).outside.doubts());
  return 1;
}

// continue_as(params)
Result<int> continue_as(lua_State* L) {
  State& run = state(L);
  if (!owner(L) || run.loading) {
    return fail(code::kInvalidArgument, "continue_as can only be used while a run runs",
                "call it inside run");
  }
  std::string params;
  Result<void> written = write_json(L, 1, params, Dialect::wire, true);
  if (written) written = run.outside.continue_as(std::move(params));
  if (!written) return fail(std::move(written.error()));
  return 0;
}

// error_of(value) -> code, outcome: how retry sees an error of any kind
Result<int> error_of(lua_State* L) {
  State& run = state(L);
  read_error(L, 1, run.pending);
  lua_pushlstring(L, run.pending.code.data(), run.pending.code.size());
  lua_pushboolean(L, run.pending.outcome_unknown && !run.pending.retryable);
  return 2;
}

}  // namespace

void install_control(lua_State* L) {
  static constexpr luaL_Reg kFunctions[] = {{"wait", bind<wait>},
                                            {"wait_till", bind<wait_till>},
                                            {"word", bind<word>},
                                            {"group", start_group},
                                            {"duration", bind<duration>},
                                            {"step_open", step_open},
                                            {"retry_wait", bind<retry_wait>},
                                            {"random", random},
                                            {"doubts", bind<doubts>},
                                            {"error_of", bind<error_of>},
                                            {"continue_as", bind<continue_as>},
                                            {nullptr, nullptr}};
  luaL_setfuncs(L, kFunctions, 0);
  lua_pushcfunction(L, luaopen_table);
  lua_call(L, 0, 1);
  for (const char* name : {"pack", "unpack"}) {
    lua_getfield(L, -1, name);
    lua_setfield(L, -3, name);
  }
  lua_pop(L, 1);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, bind<step_close>);
  lua_setfield(L, -2, "__close");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kStepMeta);
}

}  // namespace engine::lua
