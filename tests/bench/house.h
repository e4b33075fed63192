// An engine for measuring: a real store, runner and road, with a plugin of two operations that do
// nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/ops/invoker.h"
#include "engine/ops/registry.h"
#include "engine/ops/secrets.h"
#include "engine/runs/library.h"
#include "engine/runs/runner.h"
#include "engine/store/store.h"

namespace engine::bench {

class House {
 public:
  explicit House(const std::string& folder, std::optional<runs::ParkingOptions> parking = {});
  ~House();

  // Starts `runs` runs of this Lua, the body of run(ctx). `done` of them have ended when the loop
  // is stopped.
  void start(const std::string& body, int runs);
  // The same, a new one whenever one of `side_by_side` has ended.
  void start_in_turn(const std::string& body, int runs, int side_by_side);
  // Until `runs` runs have ended.
  void until_ended(int runs);
  int ended() const { return ended_; }
  void kill_all();
  // Starts one that nobody waits for, and takes turns until it is parked.
  void park(const std::string& body, int runs);
  // Takes turns for as long as this is false.
  void until(const std::function<bool()>& done);
  bool idle() const { return runner_->alive() == 0; }
  store::Database& database();
  void change(std::function<Result<void>(store::Database& db)> work);
  // The longest that a timer of one millisecond came late, in milliseconds, since it was asked.
  double worst_turn_ms() { return std::exchange(worst_turn_ms_, 0); }

  // How long a run of this body takes from being taken up, when all but its end is in its journal.
  double replay_seconds(const std::string& body);

  // When each call of bench.item.* started, in seconds, for each run apart.
  std::unordered_map<std::string, std::vector<double>> calls;
  // The medians' median of the time from one call of a run to its next, in microseconds.
  double median_gap_us() const;
  // What 99 of 100 such gaps stay below, in milliseconds.
  double p99_gap_ms() const;

 private:
  ops::Operation operation(const std::string& name, ops::Effect effect);
  std::string runbook(const std::string& body);
  void start_one(const std::string& file);
  void start_next();

  std::string folder_;
  std::vector<std::string> ids_;
  int ended_ = 0;
  int wanted_ = 0;
  std::string next_;  // the file of the runs that are still to be started
  int left_ = 0;
  double worst_turn_ms_ = 0;
  Loop loop_;
  ops::Registry registry_;
  ops::Secrets secrets_;
  runs::Library library_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ops::Invoker> invoker_;
  std::unique_ptr<runs::Runner> runner_;
};

}  // namespace engine::bench
