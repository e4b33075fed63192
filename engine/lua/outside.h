// What a run lends its script: the only ways by which anything gets in or out of a Lua state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/loop/task.h"

namespace engine::ops {
struct Operation;
}

namespace engine::lua {

// A line of a runbook or module.
struct Position {
  std::string source;  // as the user knows it: "boulder/high-memory.lua"
  int line = 0;
};

// The place of a call: the task's path ("" for the main task, "3.1" for the first task of the group
// that was its parent's third call, "3.1/2.4" below that) and the call's number within the task,
// from 1.
struct Place {
  std::string task;
  int number = 0;
  const ops::Operation* within =
      nullptr;  // the Lua plugin's operation that calls; null: the runbook
};

struct Frame {  // one line of a traceback
  Position at;
  std::string function;  // "step 'Check'", "function 'clean'", "main"
};

class Outside {
 public:
  virtual ~Outside() = default;

  // Begins an operation. `step` is the innermost open step's id, 0 for none. The Task is destroyed
  // to cancel it.
  virtual TaskPtr call(const Place& place, std::string_view operation, std::string args, int step,
                       const Position& at, Done done) = 0;
  // A control word that waits for what comes from outside, or sends it: "signal", "wait_for",
  // "approve", "lock". `args` are well-formed. Without a run nobody answers it.
  virtual TaskPtr word(const Place&, std::string_view, std::string, int, const Position&, Done) {
    return nullptr;
  }
  // The task has what such a word was answered; until then its answer may still be dropped.
  virtual void taken(std::string_view, int) {}
  // An operation of a Lua plugin was answered with what its function is given; this is how that
  // ended. Answers the outcome as it was recorded.
  virtual Result<std::string> ended(const Place&, Result<std::string> outcome) { return outcome; }
  // A wait of the script's own, answered with "null". `word` is what made it: "sleep", "retry".
  virtual TaskPtr wait(const Place& place, int64_t delay_ms, std::string_view word,
                       const Position& at, Done done) = 0;
  // A sleep until a time of day, in milliseconds since 1970, which the wall clock tells.
  virtual TaskPtr wait_till(const Place& place, int64_t till_ms, const Position& at, Done done) {
    return wait(place, std::max<int64_t>(0, till_ms - now_ms()), "sleep", at, std::move(done));
  }
  // A bound on something else: what timeout() gives its function, or, with number 0, the grace time
  // of the group that is the task's call `place.task` (of the run where that is ""). The same as a
  // wait, but for a dry run, where waits end at once and bounds do not.
  virtual TaskPtr deadline(const Place& place, int64_t delay_ms, Done done) {
    return wait(place, delay_ms, "timeout", {}, std::move(done));
  }

  // Steps nest; ids count from 1 within the run. `parent` 0: none.
  virtual void step_opened(int id, int parent, std::string_view name, const Position& at) = 0;
  virtual void step_closed(int id, const Error* error) = 0;  // error: null when it succeeded
  // A retry is about to wait before attempt `next` (from 2).
  virtual void retrying(int step, int next, int attempts, int64_t delay_ms, const Error& error) = 0;
  virtual void log(std::string_view level, std::string_view message, std::string fields,
                   int step) = 0;
  // How many changes of the run so far were cut off by a cancel or a bound of the script's own, so
  // that nobody knows whether they took effect.
  virtual int doubts() { return 0; }
  virtual void report(std::string json) = 0;  // a JSON string (text) or any other value (a table)

  // When the run has ended well, a new one goes on with these parameters (a JSON object).
  virtual Result<void> continue_as(std::string) {
    return fail(code::kUnsupported, "nothing goes on after this run");
  }

  virtual int64_t now_ms() = 0;  // the run's own clock: the time of the last delivery
  virtual uint64_t random_seed() = 0;

  struct Module {
    std::string source;  // the name for positions
    std::string text;
  };
  // The text of a module for require(name), pinned with the run; `from` is the requiring source.
  virtual Result<Module> module(std::string_view name, std::string_view from) = 0;
  // The text of the Lua plugin whose operation is about to run, pinned likewise.
  virtual Module plugin(const ops::Operation& operation);
  // The text of one of the engine's own files, "engine/lua/prelude.lua", pinned likewise.
  virtual std::string_view own(std::string_view name);
};

}  // namespace engine::lua
