// What a script asks of its run, and what the one road tells it, as entries of the journal.
#include "engine/base/text.h"
#include "engine/lua/runbook.h"
#include "engine/ops/check.h"
#include "engine/ops/sealed.h"
#include "engine/runs/entries.h"
#include "engine/runs/run_word.h"
#include "engine/store/large.h"

namespace engine::runs {

namespace {

constexpr size_t kUnconfirmedBytesMax = 4 << 20;
constexpr size_t kLogBytesMax = 16 << 10;
constexpr int64_t kNanosPerMilli = 1'000'000;

// Holds a call back until the store has caught up with the journal.
class HeldBack : public Task {
 public:
  std::shared_ptr<HeldBack*> self = std::make_shared<HeldBack*>(this);
  TaskPtr call;
};

}  // namespace

// A tail call has no line.
std::string shown(const lua::Position& at) {
  return at.line > 0 ? at.source + ":" + std::to_string(at.line) : "";
}

// What a run takes before it starts is in its row.
void Run::pin(const store::SourceText& text) {
  if (!journal_) return unpinned_.push_back(text);
  journal_->pin(text);
  journal_->note(entries::source(text));
}

void Run::show(std::string entry) {
  if (silent()) return;
  if (journal_) return journal_->show(std::move(entry));
  unrecorded_.push_back(std::move(entry));
}

Result<lua::Outside::Module> Run::module(std::string_view name, std::string_view from) {
  Result<const store::SourceText*> found = code_.module(name, from);
  if (!found) return fail(found.error());
  return Module{(*found)->name, *(*found)->text};
}

// FNV-1a: the same in every build of the program.
uint64_t Run::random_seed() {
  uint64_t seed = 0xcbf29ce484222325;
  for (const char letter : id_) seed = (seed ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return seed;
}

Result<void> Run::continue_as(std::string params) {
  if (file_.empty())
    return fail(code::kUnsupported, "a single call has no parameters to go on with");
  Result<std::string> checked = ops::check_fields(
      runbook_, "parameter", interpreter_->info().params, params, ops::Form::as_written);
  if (!checked) return fail(checked.error());
  next_params_ = std::move(*checked);
  return {};
}

Source Run::present_source() const {
  Result<Source> present = shared_.library.runbook(file_);
  const std::string& text = present ? present->text : *code_.find(source_)->text;
  return {runbook_, source_, file_, text};
}

ops::Call Run::call_at(const lua::Place& place, std::string_view operation, std::string args,
                       int step, const lua::Position& at) const {
  ops::Call call;
  call.operation = operation;
  call.args = std::move(args);
  call.task = place.task;
  call.number = place.number;
  call.step = step;
  call.line = shown(at);
  call.attempt = attempt_;
  return call;
}

TaskPtr Run::call(const lua::Place& place, std::string_view operation, std::string args, int step,
                  const lua::Position& at, Done done) {
  ops::Call call = call_at(place, operation, std::move(args), step, at);
  if (replaying()) return ask(place, std::move(call), std::move(done));
  return begin(place.within, std::move(call), std::move(done));
}

// Said while there is room for what closing the run takes.
bool Run::journal_is_full() {
  const JournalSize& size = journal_->size();
  const JournalSize& max = shared_.journal_max;
  if (size.entries < max.entries && size.bytes < max.bytes) return false;
  if (std::exchange(out_of_bounds_, true)) return false;
  raise("", Error(code::kResourceExhausted,
                  "the run's journal has " + std::to_string(size.entries) + " entries and " +
                      human_size(static_cast<int64_t>(size.bytes)) + "; a run may have " +
                      std::to_string(max.entries) + " and " +
                      human_size(static_cast<int64_t>(max.bytes)),
                  "let a run do less: start several, or keep what is large in files"));
  return true;
}

TaskPtr Run::begin(const ops::Operation* within, ops::Call call, Done done) {
  if (journal_is_full()) return std::make_unique<HeldBack>();
  if (call.word) return begin_word(std::move(call), std::move(done));
  if (journal_->unconfirmed() <= kUnconfirmedBytesMax) {
    return shared_.invoker.invoke(caller(within), std::move(call), std::move(done));
  }
  auto held = std::make_unique<HeldBack>();
  journal_->barrier([this, &from = caller(within), alive = std::weak_ptr<HeldBack*>(held->self),
                     call = std::move(call), done = std::move(done)](Result<void> durable) mutable {
    const auto still = alive.lock();
    if (!still) return;
    if (!durable) return done(std::unexpected(durable.error()));
    (*still)->call = shared_.invoker.invoke(from, std::move(call), std::move(done));
  });
  return held;
}

void Run::intend(const ops::Call& call, std::move_only_function<void(Result<void>)> go) {
  journal_->note(entries::intent(call));
  journal_->barrier(std::move(go));
}

// The time of a read's delivery follows from its entry: when it began, and how long it took.
void Run::ended(const ops::Call& call, Result<std::string>& outcome) {
  if (silent() || repeats_end(call)) return;
  const int64_t ms = (shared_.clock.boot_ns() - call.started_ns) / kNanosPerMilli;
  if (call.cut && !outcome && outcome.error().outcome_unknown) ++doubts_;
  if (ended_) return;
  const std::optional<Result<std::string>> redacted = without_sensitive(call, outcome);
  const Result<std::string>& kept = redacted ? *redacted : outcome;
  if (entries::is_large(call, kept)) {
    const std::string place = place_key(call.task, call.number);
    journal_->keep(store::large_name(id_, call.attempt, place), *kept);
  }
  if (!call.intended) {
    reach(call.started_at_ms + ms);
    return journal_->note(entries::whole(call, kept, ms));
  }
  std::string entry = entries::result(call, kept, tick(), ms);
  if (!journal_) return unrecorded_.push_back(std::move(entry));
  journal_->note_result(std::move(entry));
}

std::optional<Result<std::string>> Run::without_sensitive(const ops::Call& call,
                                                          Result<std::string>& outcome) const {
  if (!outcome) return std::nullopt;
  const Result<const ops::Operation*> op = shared_.registry.find(call.operation);
  if (!op || std::ranges::none_of((*op)->results, &ops::Field::sensitive)) return std::nullopt;
  std::string kept = *outcome;
  Result<void> sealed = ops::seal((*op)->results, kept, shared_.seal);
  if (sealed) return kept;
  // A replay would not know what the script goes on with.
  Error lost(code::kInternal, "what " + call.operation +
                                  " answered could not be recorded: " + sealed.error().message);
  lost.operation = call.operation;
  lost.outcome_unknown = call.intended;
  outcome = fail(std::move(lost));
  return std::nullopt;
}

void Run::transact(const ops::Call& call, const ops::Transact& transact, ops::CallInput input,
                   Done done) {
  auto answer = std::make_shared<std::string>();
  ops::Call own = call;
  own.own = true;
  auto work = [this_call = own, transact, input = std::move(input), answer,
               &clock = shared_.clock](store::Database& database) -> Result<std::string> {
    Result<std::string> outcome = transact(database, input);
    if (!outcome) return outcome;
    *answer = *outcome;
    return entries::whole(this_call, outcome,
                          (clock.boot_ns() - this_call.started_ns) / kNanosPerMilli);
  };
  journal_->commit_with(std::move(work), [self = self_, call, answer,
                                          done = std::move(done)](Result<void> committed) mutable {
    if (!*self) return;
    if (committed) {
      Run& run = **self;
      if (!run.ended_) run.journal_->note(entries::delivered(call, run.tick()));
      return done(std::move(*answer));
    }
    Result<std::string> failed = std::unexpected(committed.error());
    failed.error().operation = call.operation;
    (*self)->ended(call, failed);
    done(std::move(failed));
  });
}

void Run::progress(const ops::Call& call, std::string_view json) {
  journal_->show(entries::progress(call, json, shared_.clock.wall_ms()));
}

void Run::step_opened(int id, int parent, std::string_view name, const lua::Position& at) {
  if (replay_ && replay_->recorded().steps.contains(id)) return;
  if (journal_) journal_is_full();
  show(entries::step(id, parent, name, shown(at), shared_.clock.wall_ms()));
}

void Run::step_closed(int id, const Error* error) {
  if (ended_ || (replay_ && replay_->recorded().ended_steps.contains(id))) return;
  show(entries::end_step(id, error, shared_.clock.wall_ms()));
}

void Run::retrying(int step, int next, int attempts, int64_t delay_ms, const Error& error) {
  if (replay_ && replay_->recorded().retries-- > 0) return;
  show(entries::retry(step, next, attempts, delay_ms, error, shared_.clock.wall_ms()));
}

void Run::log(std::string_view level, std::string_view message, std::string fields, int step) {
  if (replay_ && replay_->recorded().logs-- > 0) return;
  if (journal_) journal_is_full();
  show(entries::log(level, shared_.secrets.scrubbed(shortened(message, kLogBytesMax)),
                    shared_.secrets.scrubbed(std::move(fields)), step, shared_.clock.wall_ms()));
}

void Run::report(std::string json) {
  if (replay_ && replay_->recorded().reports-- > 0) return;
  if (journal_) journal_is_full();
  show(entries::report(shared_.secrets.scrubbed(std::move(json)), shared_.clock.wall_ms()));
}

}  // namespace engine::runs
