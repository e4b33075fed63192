// An engine that dies and is begun again inside the test's process: its store's folder and the
// world stay, what was in memory is gone.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/ops/invoker.h"
#include "engine/ops/secrets.h"
#include "engine/runs/library.h"
#include "engine/runs/resumption.h"
#include "engine/runs/runner.h"
#include "engine/store/store.h"
#include "tests/support/temporary_folder.h"

namespace engine::test {

// The machine's clocks, moved by as much as a test says.
class MovedClock : public Clock {
 public:
  int64_t wall_ms() const override { return system_clock().wall_ms() + wall_ms_; }
  int64_t boot_ns() const override { return system_clock().boot_ns() + suspended_ns_; }
  // Somebody sets the wall clock.
  void step(int64_t ms) { wall_ms_ += ms; }
  // The machine sleeps: both clocks go on, its timers do not.
  void suspend(int64_t ms) {
    wall_ms_ += ms;
    suspended_ns_ += ms * 1'000'000;
  }

 private:
  std::atomic<int64_t> wall_ms_ = 0, suspended_ns_ = 0;
};

// What operations do to it:
//   world.add{ id, delay }     adds the id; nothing tells later whether it did
//   world.make{ id, delay }    the same, and a probe finds it
//   world.keep{ id, delay }    idempotent
//   world.look{ id }           reads whether the id is there
struct World {
  TemporaryFolder temporary;
  MovedClock clock;
  std::vector<std::string> happened;        // ids, in order
  std::map<std::string, std::string> keys;  // of calls that had an effect -> id
  std::function<void()> effect = [] {};     // called with each

  int times(const std::string& id) const;
};

class Life {
 public:
  explicit Life(World& world, std::string vfs = {});
  ~Life();

  // A run of that body; its id.
  std::string start(const std::string& body);
  Result<std::string> try_resume(const runs::ResumeRequest& request);
  // Until what was begun has ended; nothing where the loop was stopped before.
  std::optional<Result<runs::Outcome>> wait();
  // The last run of the store, resumed to its end.
  runs::Outcome resume(ops::Call::Assumed assumed = ops::Call::Assumed::nothing);
  runs::Outcome run(const std::string& body);

  store::RunRecord last_run();
  std::string journal();
  std::string integrity();

  World& world;
  Loop loop;

 private:
  void declare(const std::string& verb, ops::Effect effect, bool idempotent, bool probed);

  ops::Registry registry_;
  ops::Secrets secrets_{{}};
  std::unique_ptr<store::Store> store_;
  std::optional<ops::Invoker> invoker_;
  std::optional<runs::Library> library_;
  std::optional<runs::Runner> runner_;
  std::optional<Result<runs::Outcome>> ended_;
};

}  // namespace engine::test
