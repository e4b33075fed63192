// One run's Lua: an interpreter of its own, its tasks, and the turns in which they run.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/lua/outside.h"

namespace engine::ops {
class Registry;
}

namespace engine::lua {

struct Limits {
  size_t memory_bytes = 64 << 20;
  Millis cpu{60'000};         // Lua's own running time, waits not counted
  Millis close_grace{5'000};  // what <close> handlers may take after a cancel
  int tasks = 10'000;         // alive at once in one run
};

struct RunbookInfo;  // runbook.h: what a runbook's table declares

enum class Turn { idle, sliced, finished };

// An uncaught error with the runbook's own lines, innermost first.
struct Failure {
  Error error;
  std::vector<Frame> traceback;
  std::string
      excerpt;  // the first frame's source line with a caret; empty where the text is not known
};

class Interpreter {
 public:
  // `registry` gives the operation names that scripts see as globals.
  static Result<std::unique_ptr<Interpreter>> create(const Limits& limits, ops::Registry& registry,
                                                     Outside& outside);
  virtual ~Interpreter() = default;  // cancels what waits, drops the arena whole

  // Compiles and runs the file, which must return runbook{...}; what it declares is then in info().
  // A runbook's top level cannot wait. Errors carry position, source line and caret in message/hint
  // (code INVALID_ARGUMENT).
  virtual Result<void> load(std::string source, std::string_view text) = 0;
  virtual const RunbookInfo& info() const = 0;
  // Compiles and runs a file that must return a table, and answers that as JSON; a function in it
  // is `true`. Errors as those of load.
  virtual Result<std::string> declare(std::string source, std::string_view text) = 0;

  // Makes the main task ready: the runbook's run(ctx) with ctx.params (JSON, checked), ctx.id,
  // ctx.trigger (JSON), ctx.dry_run and, unless 0, ctx.deadline.
  virtual void start(std::string_view id, std::string_view params, std::string_view trigger,
                     bool dry_run = false, int64_t deadline_ms = 0) = 0;

  // Runs ready tasks for at most `slice`. A task cut by the slice goes on first at the next turn.
  // Idle: all tasks wait.
  virtual Turn turn(std::chrono::nanoseconds slice) = 0;
  // Called (not inside a turn) when a delivery makes a turn useful.
  virtual void on_ready(std::function<void()> fn) = 0;

  // Raises CANCELLED (or `reason`, such as TIMEOUT of the whole run) where each task waits; <close>
  // handlers may still call operations for the grace time. After a second cancel, or the grace,
  // everything is destroyed.
  virtual void cancel(Error reason) = 0;

  // After Turn::finished: the JSON of what run(ctx) returned, or the failure.
  virtual const std::expected<std::string, Failure>& outcome() const = 0;

  // While it is idle: how many of its tasks wait for something from outside, and not for tasks of
  // their own.
  virtual int waiting() const = 0;
  virtual size_t memory_bytes() const = 0;
  virtual std::chrono::nanoseconds cpu_used() const = 0;
};

}  // namespace engine::lua
