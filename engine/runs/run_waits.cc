// Waits for a time, and what it takes for a run that does nothing else to leave memory.
#include <algorithm>

#include "engine/base/json.h"
#include "engine/runs/entries.h"
#include "engine/runs/run_gate.h"
#include "engine/runs/run_word.h"

namespace engine::runs {

namespace {
constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int64_t kPublicMs = 1000;          // shorter ones are over before anybody could look
constexpr int64_t kBetweenLooksMs = 10'000;  // at a wall clock, which may be set
}  // namespace

class NeverOver : public Task {};

class Run::Wait : public Task {
 public:
  Wait(Run& run, const lua::Place& place, const Delay& delay, Callback passed)
      : delay(delay),
        run_(run),
        place_(runs::public_place(run.attempt_, place_key(place.task, place.number))),
        passed_(std::move(passed)) {
    run.waits_.insert(this);
    arm(delay.really_ms);
    if (is_public()) show();
  }
  ~Wait() override {
    run_.waits_.erase(this);
    if (entry_) run_.shared_.deadlines.remove(*entry_);
    if (is_public()) run_.hide_waiting(place_);
  }

  const Delay delay;
  std::optional<int64_t> due_boot_ns() const {
    return entry_ ? std::optional((*entry_)->first) : std::nullopt;
  }

 private:
  bool is_public() const { return !delay.word.empty() && delay.really_ms >= kPublicMs; }
  void show() {
    const int64_t until = delay.till.value_or(run_.shared_.clock.wall_ms() + delay.really_ms);
    std::string what;
    JsonWriter out(what);
    out.begin_object().field("until", until).field("ms", delay.recorded_ms).end_object();
    run_.show_waiting({run_.id_, place_, delay.word, what, delay.line, until - delay.recorded_ms});
  }
  int64_t left_by_wall() const { return *delay.till - run_.shared_.clock.wall_ms(); }

  void arm(int64_t ms) {
    if (delay.till) ms = std::min(ms, kBetweenLooksMs);
    entry_ = run_.shared_.deadlines.add(Millis(ms), [this] {
      entry_.reset();
      if (delay.till && delay.really_ms > 0 && left_by_wall() > 0) return arm(left_by_wall());
      Callback last = std::move(passed_);
      last();  // may destroy this
    });
  }

  Run& run_;
  const std::string place_;  // as others know it
  Callback passed_;
  std::optional<ops::Deadlines::Entry> entry_;
};

TaskPtr Run::wait(const lua::Place& place, int64_t delay_ms, std::string_view word,
                  const lua::Position& at, Done done) {
  return delay(place,
               {.recorded_ms = delay_ms,
                .really_ms = request_.dry_run ? 0 : delay_ms,
                .word = std::string(word),
                .line = shown(at)},
               std::move(done));
}

TaskPtr Run::wait_till(const lua::Place& place, int64_t till_ms, const lua::Position& at,
                       Done done) {
  const int64_t left = std::max<int64_t>(0, till_ms - now_ms_);
  return delay(place,
               {.recorded_ms = left,
                .really_ms = request_.dry_run ? 0 : left,
                .till = till_ms,
                .word = "sleep",
                .line = shown(at)},
               std::move(done));
}

TaskPtr Run::deadline(const lua::Place& place, int64_t delay_ms, Done done) {
  return delay(place, {.recorded_ms = delay_ms, .really_ms = delay_ms, .bounds = true},
               std::move(done));
}

TaskPtr Run::delay(const lua::Place& place, Delay delay, Done done) {
  if (!replaying()) return begin_delay(place, delay, std::move(done));
  // What has passed since then counts, also what passed while nobody carried the run.
  const int64_t until = reached_ms_ + delay.really_ms;
  return replay_->ask(
      {place_key(place.task, place.number), "", std::to_string(delay.recorded_ms), "", ""},
      std::move(done), [this, place, delay, until](Done answer) mutable {
        const bool by_wall = delay.till && !request_.dry_run;
        delay.really_ms = by_wall ? *delay.till - shared_.clock.wall_ms() : until - unstepped_ms();
        return begin_delay(place, delay, std::move(answer));
      });
}

TaskPtr Run::begin_delay(const lua::Place& place, const Delay& delay, Done done) {
  if (!delay.bounds && journal_is_full()) return std::make_unique<NeverOver>();
  if (journal_->dirty()) journal_->barrier([](Result<void>) {});
  return std::make_unique<Wait>(
      *this, place, delay, [this, place, ms = delay.recorded_ms, done = std::move(done)]() mutable {
        journal_->note(entries::waited(place.task, place.number, ms, tick()));
        done(std::string("null"));
      });
}

std::optional<store::Parking> Run::parking(Millis shortest) const {
  if (ended_ || !journal_ || replaying() || queued || cancelled_ || out_of_bounds_ ||
      store_error_ || request_.dry_run || gate_->closed())
    return std::nullopt;
  std::optional<int64_t> due_ns, due_wall_ms;
  const auto bounded_by = [&due_ns](int64_t at) { due_ns = std::min(due_ns.value_or(at), at); };
  int explained = 0;
  for (const Wait* wait : waits_) {
    if (!wait->due_boot_ns()) return std::nullopt;
    if (!wait->delay.bounds) ++explained;
    if (!wait->delay.till) {
      bounded_by(*wait->due_boot_ns());
    } else {
      due_wall_ms = std::min(due_wall_ms.value_or(*wait->delay.till), *wait->delay.till);
    }
  }
  for (const auto& [place, word] : words_) {
    if (!word->waits_for_mail()) return std::nullopt;
    if (word->deadline) bounded_by((*word->deadline)->first);
    ++explained;
  }
  if (explained != interpreter_->waiting()) return std::nullopt;
  if (deadline_) bounded_by((*deadline_)->first);
  // What is over would be taken up for ever.
  const int64_t least = shortest.count();
  if (due_ns && *due_ns <= shared_.clock.boot_ns() + least * kNanosPerMilli) return std::nullopt;
  if (due_wall_ms && *due_wall_ms <= shared_.clock.wall_ms() + least) return std::nullopt;
  store::Parking parking;
  parking.run = id_;
  if (due_ns) parking.due_boot_ms = (*due_ns + kNanosPerMilli - 1) / kNanosPerMilli;
  parking.due_wall_ms = due_wall_ms;
  parking.last_mail = mailbox_.last_id();
  return parking;
}

bool Run::has_shown_all() {
  if (!journal_->dirty() && journal_->unconfirmed() == 0) return true;
  journal_->barrier([](Result<void>) {});
  return false;
}

void Run::park(store::Parking parking, store::Committed committed) {
  note_clock();
  parking.clocks = clocks();
  journal_->park(std::move(parking), std::move(committed));
  ended_ = true;
}

}  // namespace engine::runs
