// Which runs leave memory when they only wait, and how they come back.
#include <algorithm>

#include "engine/base/log.h"
#include "engine/loop/timer.h"
#include "engine/runs/runner_impl.h"
#include "engine/store/mail.h"

namespace engine::runs {

namespace {

constexpr size_t kRoomAtLeast = 16;
constexpr Millis kSweepMin{10}, kSweepMax{1000};  // between two looks for runs that may leave

}  // namespace

// Whoever looks on has seen all of it before it goes.
bool Runner::Impl::park(Run& run) {
  std::optional<store::Parking> parking = run.parking(options.parking->shortest);
  if (!parking) return false;
  Run::Callbacks& own = run.callbacks();
  if (own.watch && !run.has_shown_all()) return false;
  const std::string id = run.id();
  if (own.watch || own.finished)
    onlookers[id] = {std::move(own.watch), std::move(own.finished), shared.loop.hold()};
  leaving.insert(id);
  run.park(*parking, [this, id](Result<void> done) {
    leaving.erase(id);
    if (!done) log::warn("runs", "run " + id + " cannot be parked: " + done.error().message);
    if (!done) return take_up(id);
    parked->look_soon();
  });
  std::erase(ready, &run);
  runs.erase(runs.find(id));
  return true;
}

void Runner::Impl::host() {
  if (!options.parking) return;
  Parked::Host host;
  host.has = [this](const std::string& run) {
    return runs.contains(run) || leaving.contains(run) || shelved.contains(run);
  };
  host.known = [this] { return runs.size() + leaving.size() + shelved.size(); };
  // Where all wait, some of them may wait for one that is not in memory.
  host.room = [this] {
    const size_t most = options.parking->in_memory;
    if (runs.size() < most) return most - runs.size();
    return ready.empty() && busy.empty() ? kRoomAtLeast : 0;
  };
  host.take_up = [this](const std::string& run) { take_up(run); };
  host.looked = [this] { look_at_onlookers(); };
  parked.emplace(shared.loop, shared.store, shared.clock, std::move(host));
  parked->look_soon();
}

void Runner::Impl::sweep_later() {
  if (sweep_timer) return;
  const Millis pause = std::clamp(options.parking->after, kSweepMin, kSweepMax);
  sweep_timer = start_timer(shared.loop, pause, [this] {
    sweep_timer.reset();
    sweep();
  });
}

void Runner::Impl::sweep() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Run*> waiting;
  for (const auto& [id, run] : runs) {
    if (run->parking(options.parking->shortest)) waiting.push_back(run.get());
  }
  bool again = false;
  for (Run* run : waiting) {
    const bool is_time = is_crowded() || now - run->idle_since >= options.parking->after;
    if (!is_time || !park(*run)) again = true;
  }
  if (again) sweep_later();
}

void Runner::Impl::take_up(const std::string& run) {
  Onlooker onlooker;
  if (const auto found = onlookers.find(run); found != onlookers.end()) {
    onlooker = std::move(found->second);
    onlookers.erase(found);
  }
  auto finished = std::make_shared<Run::Finished>(std::move(onlooker.finished));
  Run::Finished told = [finished](Result<Outcome> outcome) { (*finished)(std::move(outcome)); };
  ResumeRequest request;
  request.run = run;
  Result<std::string> taken =
      resume(request, callbacks(std::move(onlooker.watch), *finished ? std::move(told) : nullptr));
  if (taken) return;
  if (taken.error().code != code::kConflict) {  // else another process was quicker
    shelved.insert(run);
    log::error("runs", "run " + run + " cannot go on: " + taken.error().message);
  }
  if (*finished) (*finished)(fail(taken.error()));
}

// What this process parked, another one may have taken up and brought to its end.
void Runner::Impl::look_at_onlookers() {
  Result<store::Database*> database = shared.store.reader();
  if (!database) return log::warn("runs", database.error().message);
  std::vector<std::pair<Onlooker, Result<Outcome>>> told;
  for (auto at = onlookers.begin(); at != onlookers.end();) {
    const Result<store::RunRecord> run = store::find_run(**database, at->first);
    if (!run || leaving.contains(at->first) || run->state == "waiting") {
      ++at;
      continue;
    }
    Result<Outcome> outcome = Outcome{run->id,
                                      run->runbook,
                                      run->state,
                                      run->started_at_ms,
                                      run->finished_at_ms,
                                      run->result.empty() ? "null" : run->result,
                                      run->error};
    if (!run->has_ended())
      outcome = fail(code::kConflict, "another process has taken run " + run->id + " up",
                     "`engine runs` tells what becomes of it");
    told.emplace_back(std::move(at->second), std::move(outcome));
    at = onlookers.erase(at);
  }
  for (auto& [onlooker, outcome] : told) {
    if (onlooker.finished) onlooker.finished(std::move(outcome));
  }
}

// By its mail, which wakes it.
void Runner::Impl::cancel_parked(const std::string& run, std::string_view by) {
  const store::Mail mail{0, run, "cancel", "", "{}", std::string(by), shared.clock.wall_ms()};
  shared.store.write(
      [mail](store::Transaction& transaction) -> Result<void> {
        Result<int64_t> sent = store::send_mail(transaction.db(), mail);
        return sent ? Result<void>() : Result<void>(fail(sent.error()));
      },
      [this, run](Result<void> sent) {
        if (!sent) log::warn("runs", "run " + run + ": " + sent.error().message);
        parked->look_soon();
      });
}

}  // namespace engine::runs
