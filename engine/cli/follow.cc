#include "engine/cli/follow.h"

#include <csignal>
#include <cstdio>
#include <utility>

#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/waits.h"
#include "engine/loop/signal.h"
#include "engine/loop/timer.h"
#include "engine/ops/sealed.h"
#include "engine/store/journal.h"
#include "engine/store/large.h"

namespace engine::cli {

namespace {

// Asking for the store's version costs some microseconds, and its writer nothing.
constexpr Millis kBetweenLooks{50};
constexpr int kWaitsMax = 100;

runs::Outcome outcome_of(const store::RunRecord& run) {
  runs::Outcome outcome;
  outcome.id = run.id;
  outcome.runbook = run.runbook;
  outcome.state = run.state;
  outcome.started_at_ms = run.started_at_ms;
  outcome.finished_at_ms = run.finished_at_ms;
  outcome.result = run.result;
  outcome.error = run.error;
  return outcome;
}

std::string next_run(const store::RunRecord& run) {
  const Result<JsonDocument> result = read_json(run.result);
  return result ? std::string(json_string(result->root(), "continued_as").value_or("")) : "";
}

}  // namespace

int Follower::follow(store::RunRecord run) {
  if (records_.exported()) {
    return session_.fail(Error(code::kInvalidArgument, "an exported run does not go on",
                               "leave out --follow; engine why tells how it stood"));
  }
  run_ = std::move(run);
  std::vector<TaskPtr> signals;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    signals.push_back(watch_signal(records_.loop(), number, [this] { finish(kExitInterrupted); }));
  }
  timer_ = start_timer(records_.loop(), Millis(0), [this] { look(); });
  while (!finished_) records_.loop().run();
  return code_;
}

void Follower::finish(int code) {
  code_ = code;
  finished_ = true;
  timer_.reset();
  records_.loop().stop();
}

void Follower::look() {
  timer_ = start_timer(records_.loop(), kBetweenLooks, [this] { look(); });
  const Result<int64_t> version = records_.db().number("PRAGMA data_version");
  if (!version) return finish(session_.fail(version.error()));
  if (*version != version_) {
    version_ = *version;
    if (Result<void> done = read(); !done) return finish(session_.fail(done.error()));
  }
  if (!finished_) say_state(records_.state(run_));
}

// The row first: where it says that the run has ended, all its entries are there.
Result<void> Follower::read() {
  Result<store::RunRecord> now = store::find_run(records_.db(), run_.id);
  if (!now) return fail(now.error());
  run_ = std::move(*now);
  if (Result<void> shown = show_new(); !shown) return shown;
  if (!run_.has_ended()) {
    say_waits();
  } else {
    ended();
  }
  return {};
}

Result<void> Follower::show_new() {
  Result<void> done;
  const auto show_row = [&](std::string_view row) {
    if (!done) return;
    Result<std::string> whole = store::with_large(records_.db(), run_.id, std::string(row));
    const std::string text = whole ? ops::without_seals(std::move(*whole)) : "";
    const Result<JsonDocument> entries = whole ? read_json(text) : fail(whole.error());
    if (!entries) return done = fail(entries.error()), void();
    for (const JsonElement entry : simdjson::dom::array(entries->root())) show_(run_, entry);
  };
  const Result<int64_t> last = store::read_journal_after(records_.db(), run_, row_, show_row);
  if (!last) return fail(last.error());
  row_ = *last;
  std::fflush(stdout);
  return done;
}

void Follower::say_waits() {
  const auto waiting = store::list_waiting(records_.db(), run_.id, kWaitsMax);
  if (!waiting) return;
  std::set<std::string> now;
  for (const store::Waiting& one : *waiting) {
    const std::string key = one.place + " " + std::to_string(one.since_ms);
    now.insert(key);
    if (waits_.contains(key)) continue;
    session_.say("run " + run_.id + " waits: " + told(records_, one) +
                 (one.line.empty() ? "" : ", " + made_visible(one.line)) + "\n");
  }
  waits_ = std::move(now);
}

void Follower::say_state(const std::string& state) {
  if (state == state_) return;
  const bool was_gone = std::exchange(state_, state) == "interrupted";
  if (state == "interrupted") {
    session_.say("run " + run_.id + " is interrupted: its process is gone; `engine resume " +
                 run_.id + "` takes it up, and is followed\n");
  } else if (was_gone) {
    session_.say("run " + run_.id + " was taken up again\n");
  }
}

void Follower::ended() {
  const std::string next = next_run(run_);
  if (next.empty()) return finish(say_outcome(session_, outcome_of(run_), run_.dry_run));
  Result<store::RunRecord> found = store::find_run(records_.db(), next);
  if (!found) return finish(session_.fail(found.error()));
  session_.say("run " + run_.id + " goes on as run " + next + "\n");
  run_ = std::move(*found);
  row_ = 0;
  version_ = -1;  // it may have come further already
  waits_.clear();
}

}  // namespace engine::cli
