// Making a run's Lua state, and the hook that slices its time and enforces its limits.
#include "engine/lua/state.h"

#include <cstdio>
#include <cstdlib>

#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/sandbox.h"

namespace engine::lua {
namespace {

constexpr int kHookCount = 1000;       // instructions between two looks at the clock
constexpr size_t kChargeCheck = 1000;  // steps of C code between two
constexpr std::chrono::milliseconds kDestroyTime{
    20};  // for <close> handlers that can no longer wait

SteadyTime now() { return std::chrono::steady_clock::now(); }

bool over_cpu_limit(State& state, lua_State* L, SteadyTime at) {
  if (state.fatal) return true;
  if (state.cpu_used + (at - state.turn_began) <= state.cpu_limit) return false;
  state.fatal.emplace(code::kResourceExhausted,
                      "the run computed for longer than " + format_duration(state.cpu_limit),
                      "look for a loop that does not end, or wait in it");
  append_traceback(L, state.fatal_traceback);
  return true;
}

void count_hook(lua_State* L, lua_Debug*) {
  State& run = state(L);
  const Coroutine* self = owner(L);
  if (!self) return;
  if (lua_gethookcount(L) != kHookCount) lua_sethook(L, count_hook, LUA_MASKCOUNT, kHookCount);
  const SteadyTime at = now();
  const bool over = over_cpu_limit(run, L, at);
  if (self->destroying()) {
    if (over || at > run.slice_end + kDestroyTime) luaL_error(L, "the time for closing is over");
    return;
  }
  if (!over && at < run.slice_end) return;
  if (lua_isyieldable(L)) {
    lua_yield(L, 0);
  } else if (over) {
    raise_error(L, *run.fatal);
  }
}

void memory_refused(void* owner) {
  State& run = *static_cast<State*>(owner);
  // Lua collects garbage and asks again, so that this may not be the end.
  if (run.running) run.refused_at = where(run.running);
}

// Joining strings and growing tables are single instructions that may copy megabytes.
void large_block_taken(void* owner, size_t size) {
  State& run = *static_cast<State*>(owner);
  if (!run.running) return;
  run.charged += size / 64;
  if (run.charged < kChargeCheck) return;
  run.charged = 0;
  const SteadyTime at = now();
  if (at >= run.slice_end || run.cpu_used + (at - run.turn_began) > run.cpu_limit)
    lua_sethook(run.running, count_hook, LUA_MASKCOUNT, 1);
}

int panic(lua_State* L) {
  const char* message = lua_tostring(L, -1);
  std::fprintf(stderr, "engine: Lua error outside a protected call: %s\n", message ? message : "?");
  std::abort();
}

int open_sandbox(lua_State* L) {
  install_sandbox(L);
  return 0;
}

}  // namespace

State::State(const Limits& limits, ops::Registry& registry, Outside& outside)
    : arena(limits.memory_bytes, this),
      limits(limits),
      registry(registry),
      outside(outside),
      cpu_limit(limits.cpu) {}

State::~State() = default;  // no lua_close: the arena drops everything

State& state(lua_State* L) {
  void* arena = nullptr;
  lua_getallocf(L, &arena);
  return *static_cast<State*>(static_cast<Arena*>(arena)->owner());
}

Coroutine*& owner(lua_State* L) { return *static_cast<Coroutine**>(lua_getextraspace(L)); }

Result<std::unique_ptr<State>> make_state(const Limits& limits, ops::Registry& registry,
                                          Outside& outside) {
  auto made = std::make_unique<State>(limits, registry, outside);
  made->L = lua_newstate(Arena::allocate, &made->arena);
  if (!made->L) return fail(code::kResourceExhausted, "the memory limit is too small for a run");
  owner(made->L) = nullptr;
  lua_atpanic(made->L, panic);
  made->arena.on_refusal(memory_refused);
  made->arena.on_large(large_block_taken);
  made->began_ms = made->now_ms = outside.now_ms();
  made->random = outside.random_seed();
  if (!protect(*made, open_sandbox, nullptr)) return fail(*made->fatal);
  lua_sethook(made->L, count_hook, LUA_MASKCOUNT, kHookCount);
  return made;
}

void charge(lua_State* L, size_t steps) {
  State& run = state(L);
  run.charged += steps;
  if (run.charged < kChargeCheck || !owner(L)) return;
  run.charged = 0;
  const SteadyTime at = now();
  if (over_cpu_limit(run, L, at)) raise_error(L, *run.fatal);
  // The next instruction then asks the hook, which ends the slice.
  if (at >= run.slice_end) lua_sethook(L, count_hook, LUA_MASKCOUNT, 1);
}

int64_t now_ms(lua_State* L) { return state(L).now_ms; }

uint64_t next_random(lua_State* L) {
  // splitmix64
  uint64_t z = (state(L).random += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void out_of_memory(State& state) {
  if (state.fatal) return;
  state.fatal.emplace(code::kResourceExhausted,
                      "the run needs more than its " +
                          human_size(static_cast<int64_t>(state.limits.memory_bytes)) +
                          " of memory",
                      "keep less at a time, or write it to a file");
  const Position& at = state.refused_at;
  if (at.line > 0)
    state.fatal_traceback = at.source + ":" + std::to_string(at.line) + ": in here\n";
}

bool protect(State& state, lua_CFunction function, void* argument) {
  lua_State* L = state.L;
  if (!lua_checkstack(L, 4)) {
    out_of_memory(state);
    return false;
  }
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, argument);
  const int status = lua_pcall(L, 1, 0, 0);
  if (status == LUA_OK) return true;
  if (status != LUA_ERRMEM && !state.fatal) {
    const char* text = lua_tostring(L, -1);
    state.fatal.emplace(code::kInternal, text ? text : "the Lua host failed");
  }
  out_of_memory(state);
  lua_pop(L, 1);
  return false;
}

}  // namespace engine::lua
