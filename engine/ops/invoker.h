// The one road: check, permission, dry run, intent, start with timeout, result, audit. What is not
// on it does not exist.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/seats.h"
#include "engine/loop/loop.h"
#include "engine/ops/deadlines.h"
#include "engine/ops/operation.h"
#include "engine/ops/permission.h"
#include "engine/ops/registry.h"

namespace engine::ops {

// One call, from the moment it is made: what the journal and the audit say of it.
struct Call {
  std::string operation;  // as called, known or not
  std::string args;       // as given, before defaults; sensitive values replaced
  std::string task;       // the place: task path and number within the task
  int number = 0;
  int step = 0;      // the innermost open step, 0 for none
  std::string line;  // "runbook.lua:12"
  std::string target;
  std::string key;  // idempotency key of what is no read
  Effect effect = Effect::read;
  bool idempotent = false;
  bool intended = false;  // its intent is in the journal; the outcome stands apart
  bool planned = false;   // a dry run recorded it instead of starting it
  bool scripted = false;  // a Lua plugin's: calls of its own stand below its place
  bool own = false;       // of our own store: effect and record are one transaction
  bool cut = false;       // its end is that nobody waits for it any more
  int attempt = 1;        // of the run
  // It was started before the engine stopped, and how that ended is not known.
  bool lost = false;
  enum class Assumed { nothing, done, not_done } assumed = Assumed::nothing;  // by a person
  std::string preview;  // what a dry run's preview answered
  bool word = false;    // a control word, which the run answers itself
  int64_t mail = 0;     // which of the run's mail answered it
  int64_t started_at_ms = 0;
  int64_t stepped_ms = 0;  // of a control word: how much earlier that was on a clock never set
  int64_t started_ns = 0;
};

// Who calls: a run. Everything that reaches its journal about calls comes through here.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual const Permissions& permissions() const = 0;
  virtual bool dry_run() const = 0;
  virtual const std::string& run_id() const = 0;
  virtual const std::string& scope() const = 0;
  // In which its operations wait where too many are under way.
  virtual Seats::Line& line() = 0;

  // Records that the call is about to start. `go` comes when this and all before it is on disk;
  // with an error the effect must not start.
  virtual void intend(const Call& call, std::move_only_function<void(Result<void>)> go) = 0;
  // Records, unless `intend` did, that a scripted operation begins, and with which of its plugin's
  // `settings` (JSON). Its function is the run's to call, at once; Invoker::ended is told how that
  // went.
  virtual void entered(const Call& call, std::string_view settings, Millis timeout) = 0;
  // Records how it ended, before the script hears of it. What cannot be recorded becomes the error
  // that says so.
  virtual void ended(const Call& call, Result<std::string>& outcome) = 0;
  // Runs `transact` and records the call and its result in the same transaction. Nothing else is to
  // be recorded.
  virtual void transact(const Call& call, const Transact& transact, CallInput input, Done done) = 0;
  virtual void progress(const Call& call, std::string_view json) = 0;
};

// As many as the guides of Boulder and Nexus allow at once.
inline constexpr size_t kOperationsMax = 20;

class Invoker {
 public:
  // `operations_max`: how many may be under way at once. What is over that waits, fair between
  // runs, is not recorded before it may start, and has its whole timeout from then on. Operations
  // on our own store, those of Lua plugins and what a dry run only plans are not counted.
  Invoker(Loop& loop, Registry& registry, const Clock& clock, OperatorPolicy policy,
          size_t operations_max = kOperationsMax);

  // `call` has operation, args (as given), task, number, step and line. Destroying the Task cancels
  // the call; what was started by then is recorded as cancelled, its outcome unknown where that
  // matters. A `lost` call has its intent in the journal: it is done again where it is idempotent
  // or its probe finds that nothing was done, answered where the probe finds that it was, and
  // otherwise fails as IN_DOUBT.
  // A scripted operation is answered as soon as it may begin, with what its function is given:
  // {"args":{..},"settings":{..},"timeout":ms,"key"?}.
  TaskPtr invoke(Caller& caller, Call call, Done done);
  // That answer, from the arguments as checked.
  static std::string begun(std::string_view args, std::string_view settings, Millis timeout,
                           std::string_view key);
  // The other end of a scripted operation.
  static void ended(Caller& caller, const Call& call, Result<std::string>& outcome);

  Registry& registry() { return registry_; }

 private:
  friend class Invocation;
  Loop& loop_;
  Registry& registry_;
  const Clock& clock_;
  OperatorPolicy policy_;
  Deadlines deadlines_;
  Seats in_flight_;
};

}  // namespace engine::ops
