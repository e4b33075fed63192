// What belongs to one run's lua_State: its memory, its limits, its clock, and how C code finds them
// from a lua_State.
#pragma once

#include <chrono>
#include <lua.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_read.h"
#include "engine/lua/arena.h"
#include "engine/lua/interpreter.h"

namespace engine::lua {

class Coroutine;
class Scheduler;

using SteadyTime = std::chrono::steady_clock::time_point;

struct State {
  State(const Limits& limits, ops::Registry& registry, Outside& outside);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Arena arena;
  const Limits limits;
  ops::Registry& registry;
  Outside& outside;
  lua_State* L = nullptr;  // the main thread: never runs scripts, holds what must not be collected
  Scheduler* scheduler = nullptr;

  bool has_library = false, has_prelude = false;  // they come when they are needed
  bool loading = false;                           // the runbook's top level runs
  Millis cpu_limit;
  std::string runbook;  // what runbook{...} declared, as JSON without its function
  Position runbook_at;
  std::optional<Error> fatal;  // a limit was passed: nothing in Lua may catch it or go on
  Error pending{"", ""};       // what raise_pending() raises
  std::string scratch;         // survives a longjmp, unlike anything on the C stack
  std::map<std::string, std::string, std::less<>> sources;  // texts, for excerpts

  // Text and traceback of the last error that was a plain string; tables carry theirs.
  std::string last_text, last_traceback;

  int64_t began_ms = 0, now_ms = 0;
  int steps_opened = 0;
  std::vector<int> open_steps;
  uint64_t random = 0;

  SteadyTime turn_began, slice_end;
  std::chrono::nanoseconds cpu_used{0};
  size_t charged = 0;  // work since the clock was last looked at, see charge()
  lua_State* running = nullptr;
  Position refused_at;  // where the memory limit refused last
  std::string fatal_traceback;
  std::optional<JsonDocument> document;  // what push_json reads
};

// From any lua_State of the run.
State& state(lua_State* L);
// The coroutine that a Lua thread belongs to; null in the main thread and while a state is made.
Coroutine*& owner(lua_State* L);

// Makes the Lua state with everything a script may see. RESOURCE_EXHAUSTED if not even that fits.
Result<std::unique_ptr<State>> make_state(const Limits& limits, ops::Registry& registry,
                                          Outside& outside);

// For C functions whose work Lua's instruction count does not see: about `steps` instructions'
// worth was done. Ends the time slice where it is over, and raises where the CPU limit is passed
// (by longjmp: hold nothing that has a destructor). Does nothing outside a run.
void charge(lua_State* L, size_t steps);

// The clock of the run: the time of the last delivery.
int64_t now_ms(lua_State* L);
// Deterministic; seeded by the run.
uint64_t next_random(lua_State* L);

// Marks the run as out of memory, at the line where the limit refused. Nothing in Lua goes on after
// this.
void out_of_memory(State& state);

// Calls `function(L)` with `argument` as light userdata in a protected call. False: memory ran out,
// and the run is marked so.
bool protect(State& state, lua_CFunction function, void* argument);

}  // namespace engine::lua
