// What the runner's own files share.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/runs/parked.h"
#include "engine/runs/run.h"
#include "engine/runs/runner.h"

namespace engine::runs {

struct Runner::Impl {
  Impl(Shared&& shared, RunnerOptions options) : shared(std::move(shared)), options(options) {}

  void host();
  bool take_turns();
  bool stays_awake() const;
  void turn(Run& run, std::chrono::nanoseconds slice);
  void want_turn(Run& run);
  void flush_later();
  bool is_crowded() const { return runs.size() > options.parking->in_memory; }
  bool park(Run& run);
  bool is_shelved(const std::string& run);
  void sweep_later();
  void sweep();
  void take_up(const std::string& run);
  void take_up_stranded();
  void look_at_onlookers();
  void cancel_parked(const std::string& run, std::string_view by);
  void gone(Run& run);
  void mailed(const std::string& run, int64_t owner);
  void look_around();
  void look_for_mail();
  void look_again_later();
  Result<std::string> begin(std::unique_ptr<Run> run);
  void admit(StartRequest request, store::Job beside, Admitted admitted);
  Result<std::string> go_on(Run& run, const std::string& params);
  Result<std::unique_ptr<Run>> prepare(StartRequest request, Watch watch, Run::Finished finished);
  Result<std::string> resume(const ResumeRequest& request, Run::Callbacks own);
  Result<void> see_to(const std::string& id, const std::string& by);
  void tell_parent(const Run& run);
  Run::Callbacks callbacks(Watch watch, Run::Finished finished);

  Shared shared;
  RunnerOptions options;
  std::map<std::string, std::unique_ptr<Run>, std::less<>> runs;
  std::map<std::string, std::string, std::less<>> gone_on;  // from run to run
  std::map<std::string, std::string> awaited;               // by which run
  std::set<std::string> unrecorded;                         // whose end is not on disk
  std::function<void()> idle = {};
  // Of parked runs that somebody looks at or waits for.
  struct Onlooker {
    Watch watch;
    Run::Finished finished;
    std::unique_ptr<Loop::Hold> hold;
  };
  std::map<std::string, Onlooker, std::less<>> onlookers;
  size_t admitting = 0;                        // recorded, which is not on disk yet
  std::set<std::string, std::less<>> leaving;  // parked, which is not on disk yet
  std::vector<std::string> stranded;           // whose parking could not be written
  // Parked runs that could not be taken up, and when that is tried again.
  std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> shelved;
  std::deque<Run*> ready;
  std::deque<Run*> busy;  // used up their slice, and go on
  std::vector<std::unique_ptr<Run>> ended;
  TaskPtr flush_timer, look_timer;
  std::chrono::steady_clock::time_point last_turn;
  int64_t last_mail = -1;  // that this process has looked at; before the first look negative
  std::optional<Parked> parked;
  TaskPtr sweep_timer, stranded_timer;
};

}  // namespace engine::runs
