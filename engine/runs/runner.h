// Starts runs and sees them to their end: the one place where scripts, operations and the journal
// meet.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/loop/loop.h"
#include "engine/lua/interpreter.h"
#include "engine/plugin/sources.h"
#include "engine/runs/journal.h"
#include "engine/store/store.h"

namespace engine::ops {
class Invoker;
class Registry;
class Secrets;
}  // namespace engine::ops

namespace engine::runs {

class Library;
struct ResumeRequest;

// What the run of one call by hand is named: "call fs.list".
inline constexpr std::string_view kCallPrefix = "call ";

struct StartRequest {
  std::string runbook;    // a name ("boulder/high-memory") or a file ("./fix.lua")
  std::string params;     // JSON object as given; "" is {}
  std::string principal;  // "unix:ops"
  std::string trigger;    // JSON object: {"kind":"person"}
  bool dry_run = false;
  std::string id = {};   // empty: a new one
  bool goes_on = false;  // for a run that ends with it, and whose seat it waits for
};

// How a run ended. `state` is succeeded, failed, cancelled, or skipped: its runbook lets no more
// runs go on at a time.
struct Outcome {
  std::string id;
  std::string runbook;
  std::string state;
  int64_t started_at_ms = 0;
  int64_t finished_at_ms = 0;
  std::string result;  // JSON, "null" when there is none
  std::string error;   // JSON with code, message, hint, traceback, excerpt; empty when it succeeded
};

// What an onlooker sees of a run: journal entries, in order, each shown only after it is on disk.
using Watch = std::function<void(std::string_view entry)>;

// Told the id of a run that was admitted, or why there is none.
using Admitted = std::move_only_function<void(Result<std::string>)>;

// Follows an event source of a plugin; see plugin::Host::follow.
using FollowSource = std::function<Result<std::unique_ptr<plugin::Subscription>>(
    std::string_view source, plugin::FollowOptions options, plugin::FollowEvents events)>;
// When runs that only wait leave memory, to be taken up again when what they wait for is there.
struct ParkingOptions {
  Millis after{10'000};    // of waiting
  size_t in_memory = 500;  // where there are more runs than that, at once
  Millis shortest{20};     // less is not worth it
};

struct RunnerOptions {
  lua::Limits limits;
  JournalSize journal_max{200'000, 256 << 20};  // of one run
  FollowSource follow = {};                     // without, no run can wait for events
  // Without it runs stay in memory, and none that waits in the store is taken up.
  std::optional<ParkingOptions> parking;
  // Alive at once; others are queued. A script takes some 100 KiB, so that these fit a small
  // machine, and more at once would bring none of them to its end sooner.
  size_t runs_max = 1000;
};

class Runner {
 public:
  Runner(Loop& loop, store::Store& store, ops::Registry& registry, ops::Invoker& invoker,
         ops::Secrets& secrets, Library& library, const Clock& clock, RunnerOptions options);
  ~Runner();

  // Loads the runbook, checks the parameters, records the run. INVALID_ARGUMENT, NOT_FOUND, ...
  // leave no run behind. Answers the run's id; `finished` comes after the end is durable.
  Result<std::string> start(StartRequest request, Watch watch,
                            std::move_only_function<void(Result<Outcome>)> finished);

  // One operation, as a runbook would call it, in a run of its own named after it.
  Result<std::string> call(std::string operation, std::string args, StartRequest request,
                           Watch watch, std::move_only_function<void(Result<Outcome>)> finished);

  // The same for a trigger: the run's row is one commit with what `beside` writes, and the run
  // begins after it. Without a run nothing is written: ALREADY_EXISTS
  // where there is one of that id.
  void admit(StartRequest request, store::Job beside, Admitted admitted);

  // Goes on with a run that has no process any more, or gives one that failed a new attempt.
  // Answers its id; a new attempt whose replay does not agree with what was recorded is told by
  // `finished`, and changes nothing.
  Result<std::string> resume(const ResumeRequest& request, Watch watch,
                             std::move_only_function<void(Result<Outcome>)> finished);

  // Of a run that goes on as another one, it is that which is meant.
  // First call: CANCELLED is raised where it waits. Second: it is destroyed. NOT_FOUND when no such
  // run is alive here.
  Result<void> cancel(std::string_view id, std::string_view by);

  // The same for all that are alive here.
  void cancel_all(std::string_view by);

  int alive() const;
  // Called whenever the last run that was alive is gone.
  void on_idle(std::function<void()> idle);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine::runs
