// Turns for runs: those that are ready share the loop's time; one that computes without end gets
// what is left.
#include "engine/runs/runner.h"

#include <algorithm>
#include <thread>

#include "engine/base/log.h"
#include "engine/loop/timer.h"
#include "engine/lua/runbook.h"
#include "engine/runs/family.h"
#include "engine/runs/library.h"
#include "engine/runs/runner_impl.h"
#include "engine/store/children.h"
#include "engine/store/mail.h"

namespace engine::runs {

namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kSliceMax = std::chrono::milliseconds(2);
// Of all of them together, before the loop looks for what has come.
constexpr nanoseconds kTurnsMax = std::chrono::milliseconds(3);
constexpr nanoseconds kSliceMin = std::chrono::microseconds(50);
// What a run that used up its slice gets at a time while others are alive: few enough that a round
// of short calls of the others takes hardly longer.
constexpr nanoseconds kBusySlice = std::chrono::microseconds(100);
constexpr Millis kLazyFlush{50};
// Whoever sends mail rings; where the sender died between the two, it is found all the same.
constexpr Millis kBetweenLooks{1000};
// A lone run's commit is waited for without sleeping, for so long: to be woken afterwards would
// cost it about as much again as half the disk does.
constexpr nanoseconds kAwakeMax = std::chrono::microseconds(500);

// `engine call`: a runbook of one call, so that it takes the same road.
std::string calling(const std::string& operation) {
  return "return runbook{ summary = \"" + operation + "\", run = function(ctx) return " +
         operation + "(ctx.params.args) end }\n";
}

}  // namespace

void Runner::Impl::want_turn(Run& run) {
  if (run.queued) return;
  run.queued = true;
  ready.push_back(&run);
  shared.loop.wake();
}

void Runner::Impl::turn(Run& run, nanoseconds slice) {
  run.queued = false;
  const lua::Turn result = run.turn(slice);
  last_turn = std::chrono::steady_clock::now();
  if (result == lua::Turn::sliced) {
    // What came to it during its own turn has asked for the next one.
    if (run.queued) std::erase(ready, &run);
    run.queued = true;
    busy.push_back(&run);
    return;
  }
  if (run.dirty()) flush_later();
  if (!parked || result != lua::Turn::idle) return;
  run.idle_since = last_turn;
  if (!is_crowded() || !park(run)) sweep_later();
}

bool Runner::Impl::take_turns() {
  ended.clear();
  const size_t count = ready.size();
  const nanoseconds slice =
      count == 0 ? kSliceMax : std::clamp<nanoseconds>(kSliceMax / count, kSliceMin, kSliceMax);
  const auto until = std::chrono::steady_clock::now() + kTurnsMax;
  for (size_t index = 0; index < count && std::chrono::steady_clock::now() < until; ++index) {
    Run& run = *ready.front();
    ready.pop_front();
    turn(run, slice);
  }
  if (!busy.empty()) {
    Run& run = *busy.front();
    busy.pop_front();
    turn(run, runs.size() > 1 ? kBusySlice : kSliceMax);
  }
  return !ready.empty() || !busy.empty() || stays_awake();
}

bool Runner::Impl::stays_awake() const {
  static const bool other_cores = std::thread::hardware_concurrency() > 1;
  return other_cores && runs.size() == 1 && runs.begin()->second->awaits_commit() &&
         std::chrono::steady_clock::now() - last_turn < kAwakeMax;
}

// Entries that nobody waits for are on disk soon all the same.
void Runner::Impl::flush_later() {
  if (flush_timer) return;
  flush_timer = start_timer(shared.loop, kLazyFlush, [this] {
    flush_timer.reset();
    for (const auto& [id, run] : runs) run->flush();
    shared.store.flush();
  });
}

// The object dies at the next turn: its own callback is still on the stack.
void Runner::Impl::gone(Run& run) {
  const auto at = runs.find(run.id());
  std::erase(ready, &run);
  std::erase(busy, &run);
  ended.push_back(std::move(at->second));
  runs.erase(at);
  tell_parent(run);
  if (runs.empty()) {
    flush_timer.reset();
    look_timer.reset();
    if (idle) idle();
  }
  if (parked && parked->more()) parked->look_soon();
  shared.loop.wake();
}

// Whoever waits for the end of the run finds it in the store.
void Runner::Impl::tell_parent(const Run& run) {
  if (!run.end_is_recorded()) unrecorded.insert(run.id());
  std::erase_if(awaited, [&](const auto& one) { return one.second == run.id(); });
  if (const auto waits = awaited.find(run.id()); waits != awaited.end()) {
    const auto parent = runs.find(waits->second);
    awaited.erase(waits);
    if (parent != runs.end()) parent->second->look_at_children();
  } else if (run.parent() != 0) {
    Result<store::Database*> database = shared.store.reader();
    const Result<int64_t> owner =
        database ? store::owner_of(**database, run.parent()) : fail(database.error());
    if (owner && *owner != 0) shared.store.ring(*owner);
  }
}

Result<void> Runner::Impl::see_to(const std::string& id, const std::string& by) {
  awaited[id] = by;
  if (runs.contains(id)) return {};
  if (unrecorded.contains(id))
    return fail(code::kFailed, "the end of run " + id + " could not be recorded");
  Result<store::Database*> database = shared.store.reader();
  if (!database) return fail(database.error());
  Result<store::RunRecord> record = store::find_run(**database, id);
  if (!record) return fail(record.error());
  const std::string state = shared.store.state_of(*record);
  const bool nobodys = state == "interrupted" || (state == "waiting" && !parked);
  if (!nobodys) return {};
  const Result<std::string> taken =
      resume({.run = id, .principal = "run:" + by}, callbacks({}, {}));
  // Another process may have been faster.
  if (!taken && taken.error().code != code::kConflict) return fail(taken.error());
  return {};
}

Run::Callbacks Runner::Impl::callbacks(Watch watch, Run::Finished finished) {
  return {std::move(watch),
          std::move(finished),
          [this](Run& run) { want_turn(run); },
          [this](Run& run, const std::string& params) { return go_on(run, params); },
          [this](const std::string& run, int64_t owner) { mailed(run, owner); },
          [this](StartRequest request) { return prepare(std::move(request), {}, {}); },
          [this](std::unique_ptr<Run> run, const store::AddedRun& as) {
            run->take_up(as);
            static_cast<void>(begin(std::move(run)));
          },
          [this](const std::string& run, const std::string& by) { return see_to(run, by); },
          [this](Run& run) { gone(run); }};
}

void Runner::Impl::mailed(const std::string& run, int64_t owner) {
  const auto here = runs.find(run);
  if (here != runs.end()) return here->second->look_for_mail();
  if (owner != 0) {
    shared.store.ring(owner);
  } else if (parked) {
    parked->look_soon();
  } else {
    shared.store.ring_all();
  }
}

// Somebody rang, or might have: each run that got mail since the last time reads it, and each that
// waits for others sees what has become of them.
void Runner::Impl::look_around() {
  look_for_mail();
  std::vector<std::string> waiting;
  for (const auto& [run, by] : awaited) waiting.push_back(by);
  for (const std::string& by : waiting) {
    if (const auto at = runs.find(by); at != runs.end()) at->second->look_at_children();
  }
}

void Runner::Impl::look_for_mail() {
  if (parked) parked->look_soon();
  Result<store::Database*> database = shared.store.reader();
  if (!database) return log::warn("runs", database.error().message);
  if (last_mail < 0) {
    const Result<int64_t> last = (*database)->number("SELECT ifnull(max(id), 0) FROM mail");
    if (!last) return log::warn("runs", last.error().message);
    last_mail = *last;
    for (const auto& [id, run] : runs) run->look_for_mail();
    return;
  }
  const Result<store::Addressees> found = store::addressees(**database, last_mail);
  if (!found) return log::warn("runs", found.error().message);
  last_mail = found->last_id;
  for (const std::string& id : found->runs) {
    const auto at = runs.find(id);
    if (at != runs.end()) at->second->look_for_mail();
  }
}

void Runner::Impl::look_again_later() {
  look_timer = start_timer(shared.loop, kBetweenLooks, [this] {
    look_again_later();
    look_around();
  });
}

Result<std::string> Runner::Impl::begin(std::unique_ptr<Run> run) {
  Run& started = *run;
  runs.emplace(started.id(), std::move(run));
  if (!look_timer) look_again_later();
  started.start();
  return started.id();
}

// The next run is on disk before the end of this one is. Its id follows from this one's, so that a
// crash between the two does not start it twice.
Result<std::string> Runner::Impl::go_on(Run& run, const std::string& params) {
  const std::string id = successor_id(run.id(), run.attempt());
  Result<store::Database*> database = shared.store.reader();
  if (!database) return fail(database.error());
  if (store::find_run(**database, id)) return id;
  StartRequest request = run.request();
  request.id = id;
  request.goes_on = true;
  request.params = params;
  request.trigger = triggered_by(run.id(), depth_of(request.trigger));
  Run::Callbacks& own = run.callbacks();
  auto next = std::make_unique<Run>(shared, std::move(request), callbacks(own.watch, {}));
  if (Result<void> loaded = next->load(run.present_source(), options.limits); !loaded)
    return fail(loaded.error());
  next->belong_to(run.parent());
  next->callbacks().finished = std::move(own.finished);
  own.finished = nullptr;
  Run& started = *next;
  gone_on[run.id()] = id;
  static_cast<void>(begin(std::move(next)));
  started.flush();
  return id;
}

Result<std::unique_ptr<Run>> Runner::Impl::prepare(StartRequest request, Watch watch,
                                                   Run::Finished finished) {
  Result<Source> source = shared.library.runbook(request.runbook);
  if (!source) return fail(source.error());
  auto run = std::make_unique<Run>(shared, std::move(request),
                                   callbacks(std::move(watch), std::move(finished)));
  if (Result<void> loaded = run->load(*source, options.limits); !loaded)
    return fail(loaded.error());
  return run;
}

Result<std::string> Runner::Impl::resume(const ResumeRequest& request, Run::Callbacks own) {
  Result<Resumption> resumption = find_resumption(shared.store, request, shared.seal, shared.clock);
  if (!resumption) return fail(resumption.error());
  if (runs.contains(resumption->record.id)) {
    return fail(code::kConflict, "run " + resumption->record.id + " is being resumed already",
                "wait for its end");
  }
  auto run = std::make_unique<Run>(shared, std::move(*resumption), std::move(own));
  if (Result<void> loaded = run->load_again(options.limits); !loaded) return fail(loaded.error());
  return begin(std::move(run));
}

Runner::Runner(Loop& loop, store::Store& store, ops::Registry& registry, ops::Invoker& invoker,
               ops::Secrets& secrets, Library& library, const Clock& clock, RunnerOptions options)
    : impl_(std::make_unique<Impl>(
          Shared{loop, store, registry, invoker, secrets, library, clock,
                 ops::Deadlines(loop, clock), options.journal_max,
                 Seal(store.folder() + "/engine.key"), options.follow,
                 std::unique_ptr<Queue>(new Queue{Seats(options.runs_max), {}})},
          options)) {
  loop.set_turn([impl = impl_.get()] { return impl->take_turns(); });
  store.on_ring([impl = impl_.get()] { impl->look_around(); });
  impl_->host();
}

Runner::~Runner() {
  impl_->shared.loop.set_turn({});
  impl_->shared.store.on_ring({});
}

Result<std::string> Runner::start(StartRequest request, Watch watch,
                                  std::move_only_function<void(Result<Outcome>)> finished) {
  Result<std::unique_ptr<Run>> run =
      impl_->prepare(std::move(request), std::move(watch), std::move(finished));
  if (!run) return fail(run.error());
  return impl_->begin(std::move(*run));
}

Result<std::string> Runner::call(std::string operation, std::string args, StartRequest request,
                                 Watch watch,
                                 std::move_only_function<void(Result<Outcome>)> finished) {
  const Result<const ops::Operation*> found = impl_->shared.registry.find(operation);
  if (!found) return std::unexpected(found.error());
  request.runbook = std::string(kCallPrefix) + operation;
  const Source source{request.runbook, request.runbook, "", calling(operation)};
  auto run = std::make_unique<Run>(impl_->shared, std::move(request),
                                   impl_->callbacks(std::move(watch), std::move(finished)));
  if (Result<void> loaded = run->load_call(**found, args, source, impl_->options.limits); !loaded) {
    return std::unexpected(loaded.error());
  }
  return impl_->begin(std::move(run));
}

Result<std::string> Runner::resume(const ResumeRequest& request, Watch watch,
                                   std::move_only_function<void(Result<Outcome>)> finished) {
  return impl_->resume(request, impl_->callbacks(std::move(watch), std::move(finished)));
}

Result<void> Runner::cancel(std::string_view id, std::string_view by) {
  std::string_view now = id;
  for (auto next = impl_->gone_on.find(now); next != impl_->gone_on.end();
       next = impl_->gone_on.find(now))
    now = next->second;
  const auto at = impl_->runs.find(now);
  if (at != impl_->runs.end()) {
    at->second->cancel(by);
  } else if (impl_->onlookers.contains(now)) {
    impl_->cancel_parked(std::string(now), by);
  } else {
    return fail(code::kNotFound, "run " + std::string(id) + " is not alive here");
  }
  return {};
}

void Runner::cancel_all(std::string_view by) {
  for (const auto& [id, run] : impl_->runs) run->cancel(by);
  for (const auto& [id, onlooker] : impl_->onlookers) impl_->cancel_parked(id, by);
}

void Runner::on_idle(std::function<void()> idle) { impl_->idle = std::move(idle); }

int Runner::alive() const { return static_cast<int>(impl_->runs.size()); }

}  // namespace engine::runs
