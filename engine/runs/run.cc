// A run's life: loaded, started, turned until its script ends, recorded.
#include "engine/runs/run.h"

#include <functional>

#include "engine/base/hash.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "engine/lua/runbook.h"
#include "engine/ops/check.h"
#include "engine/runs/entries.h"

namespace engine::runs {

namespace {

constexpr size_t kUnconfirmedBytesMax = 4 << 20;
constexpr size_t kLogBytesMax = 16 << 10;
constexpr int64_t kNanosPerMilli = 1'000'000;

std::string shown(const lua::Position& at) { return at.source + ":" + std::to_string(at.line); }

std::string line_of(std::string_view text, int line) {
  for (; line > 1; --line) text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  return std::string(text.substr(0, text.find('\n')));
}

// Holds a call back until the store has caught up with the journal.
class HeldBack : public Task {
 public:
  std::shared_ptr<HeldBack*> self = std::make_shared<HeldBack*>(this);
  TaskPtr call;
};

}  // namespace

Run::Run(Shared& shared, StartRequest request, Callbacks callbacks)
    : shared_(shared),
      request_(std::move(request)),
      callbacks_(std::move(callbacks)),
      id_(new_run_id()),
      self_(std::make_shared<Run*>(this)) {
  now_ms_ = started_at_ms_ = shared_.clock.wall_ms();
}

// The script goes first: what it still waits for is cancelled, and that is recorded.
Run::~Run() {
  *self_ = nullptr;
  if (deadline_) shared_.deadlines.remove(*deadline_);
  interpreter_.reset();
}

Result<void> Run::compile(const Source& source, const lua::Limits& limits) {
  runbook_ = source.name;
  file_ = source.file;
  Result<std::unique_ptr<lua::Interpreter>> created =
      lua::Interpreter::create(limits, shared_.registry, *this);
  if (!created) return std::unexpected(created.error());
  interpreter_ = std::move(*created);
  interpreter_->on_ready([this] { callbacks_.ready(*this); });
  pin(source);
  return interpreter_->load(source.label, source.text);
}

Result<void> Run::load_call(const ops::Operation& op, const std::string& args, const Source& source,
                            const lua::Limits& limits) {
  called_ = &op;
  params_ = "{\"args\":" + args + "}";
  std::string recorded = args;
  ops::redact(op.params, recorded);
  request_.params = "{\"args\":" + recorded + "}";
  scope_ = "call";
  permissions_ = ops::Permissions::all();
  if (Result<void> compiled = compile(source, limits); !compiled) return compiled;
  return check_secrets(op.params, args);
}

Result<void> Run::load(const Source& source, const lua::Limits& limits) {
  if (Result<void> compiled = compile(source, limits); !compiled) return compiled;
  const lua::RunbookInfo& info = interpreter_->info();
  Result<std::string> params =
      ops::check_fields(runbook_, "parameter", info.params, request_.params, ops::Form::as_written);
  if (!params) {
    params.error().hint = "engine run " + request_.runbook + " --help lists them";
    return std::unexpected(params.error());
  }
  params_ = std::move(*params);
  request_.params = params_;
  ops::redact(info.params, request_.params);
  scope_ = runbook_;
  if (Result<void> known = check_secrets(info.params, params_); !known) return known;
  Result<ops::Permissions> permissions = ops::Permissions::parse(info.allow);
  if (!permissions) {
    return fail(permissions.error().code, runbook_ + ": " + permissions.error().message,
                permissions.error().hint);
  }
  permissions_ = std::move(*permissions);
  return {};
}

// More often than a wrong name it is the value itself: nothing of it is to be recorded.
Result<void> Run::check_secrets(const std::vector<ops::Field>& params,
                                std::string_view arguments) const {
  const Result<JsonDocument> given = read_json(arguments);
  for (const ops::Field& param : params) {
    if (param.type != ops::Type::secret || !given) continue;
    const auto reference = json_member(given->root(), param.name);
    const auto name = reference ? json_string(*reference, "$secret") : std::nullopt;
    if (!name || shared_.secrets.resolve(*name)) continue;
    return fail(code::kInvalidArgument,
                runbook_ + ": parameter '" + param.name + "' names a secret that does not exist",
                "give the secret's name, not its value; ENGINE_SECRET_NAME or a file holds it");
  }
  return {};
}

store::NewRun Run::row() const {
  store::NewRun row;
  row.id = id_;
  row.runbook = runbook_;
  row.file = file_;
  row.principal = request_.principal;
  row.trigger = request_.trigger;
  row.params = request_.params;
  row.dry_run = request_.dry_run;
  row.created_at_ms = row.started_at_ms = started_at_ms_;
  row.sources = sources_;
  return row;
}

void Run::start() {
  journal_.emplace(shared_.loop, shared_.store, row(), callbacks_.watch,
                   [this](const Error& error) { broken(error); });
  journal_->show(entries::started(started_at_ms_, runbook_, request_.params, request_.trigger,
                                  request_.dry_run));
  const Millis timeout = interpreter_->info().timeout;
  if (timeout.count() > 0) {
    deadline_ = shared_.deadlines.add(timeout, [this, timeout] {
      deadline_.reset();
      interpreter_->cancel(
          Error(code::kTimeout, runbook_ + " did not end within " + format_duration(timeout)));
    });
  }
  interpreter_->start(id_, params_, request_.trigger, request_.dry_run);
  callbacks_.ready(*this);
}

lua::Turn Run::turn(std::chrono::nanoseconds slice) {
  const lua::Turn turn = interpreter_->turn(slice);
  if (turn == lua::Turn::finished && !ended_) end();
  journal_->settle();
  return turn;
}

void Run::cancel(std::string_view by) {
  if (ended_) return;
  cancelled_ = true;
  journal_->show(entries::cancel(by, tick()));
  interpreter_->cancel(Error(code::kCancelled, "cancelled by " + std::string(by)));
}

// Nothing may start any more, and nothing that is waited for can be recorded: the script ends here.
void Run::broken(const Error& error) {
  if (ended_) return;
  store_error_ = error;
  interpreter_->cancel(error);
  interpreter_->cancel(error);
  callbacks_.ready(*this);
}

void Run::end() {
  end_bodies();
  ended_ = true;
  if (deadline_) shared_.deadlines.remove(*deadline_);
  deadline_.reset();
  Outcome outcome;
  outcome.id = id_;
  outcome.runbook = runbook_;
  outcome.started_at_ms = started_at_ms_;
  outcome.finished_at_ms = tick();
  const std::expected<std::string, lua::Failure>& ended = interpreter_->outcome();
  if (store_error_) {
    outcome.state = "failed";
    append_error_json(outcome.error, *store_error_);
  } else if (ended) {
    outcome.state = "succeeded";
    outcome.result = shared_.secrets.scrubbed(*ended);
    if (called_) ops::redact(called_->results, outcome.result);
  } else {
    outcome.state =
        cancelled_ && ended.error().error.code == code::kCancelled ? "cancelled" : "failed";
    outcome.error = shared_.secrets.scrubbed(error_json(ended.error()));
  }
  store::RunEnd end{outcome.state, outcome.finished_at_ms, outcome.result, outcome.error};
  std::string entry =
      entries::end(outcome.state, outcome.result, outcome.error, outcome.finished_at_ms);
  if (outcome.result.empty()) outcome.result = "null";
  auto recorded = [self = self_, outcome = std::move(outcome)](Result<void> committed) mutable {
    if (!*self) return;
    Run& run = **self;
    Finished finished = std::move(run.callbacks_.finished);
    run.callbacks_.over(run);
    if (!committed) return finished(std::unexpected(committed.error()));
    if (run.store_error_) return finished(std::unexpected(*run.store_error_));
    finished(std::move(outcome));
  };
  journal_->finish(std::move(end), std::move(entry), std::move(recorded));
}

std::string Run::error_json(const lua::Failure& failure) const {
  std::string json;
  append_error_json(json, failure.error);
  json.pop_back();
  std::string frames;
  JsonWriter writer(frames);
  writer.begin_array();
  for (const lua::Frame& frame : failure.traceback) {
    writer.begin_object().field("source", frame.at.source).field("line", frame.at.line);
    writer.field("function", frame.function).end_object();
  }
  writer.end_array();
  json += ",\"traceback\":" + frames;
  if (!failure.traceback.empty()) {
    const lua::Position& at = failure.traceback.front().at;
    for (const store::SourceText& source : sources_) {
      if (source.name != at.source) continue;
      json += ",\"excerpt\":";
      append_json_string(json, line_of(source.text, at.line));
    }
  }
  return json + "}";
}

int64_t Run::tick() { return now_ms_ = std::max(now_ms_, shared_.clock.wall_ms()); }

void Run::pin(const Source& source) {
  files_[source.label] = source.file;
  store::SourceText pinned{source.label, sha256_hex(source.text), source.text};
  if (journal_) {
    journal_->note(entries::source(pinned.name, pinned.hash));
    journal_->pin(pinned);
  }
  sources_.push_back(std::move(pinned));
}

Result<lua::Outside::Module> Run::module(std::string_view name, std::string_view from) {
  const auto at = files_.find(from);
  Result<Source> found =
      shared_.library.module(name, at == files_.end() ? std::string_view() : at->second);
  if (!found) return std::unexpected(found.error());
  pin(*found);
  return Module{found->label, found->text};
}

uint64_t Run::random_seed() { return std::hash<std::string>()(id_); }

TaskPtr Run::call(const lua::Place& place, std::string_view operation, std::string args, int step,
                  const lua::Position& at, Done done) {
  ops::Call call;
  call.operation = operation;
  call.args = std::move(args);
  call.task = place.task;
  call.number = place.number;
  call.step = step;
  call.line = shown(at);
  if (journal_->unconfirmed() <= kUnconfirmedBytesMax) {
    return shared_.invoker.invoke(caller(place.within), std::move(call), std::move(done));
  }
  auto held = std::make_unique<HeldBack>();
  journal_->barrier([this, &from = caller(place.within),
                     alive = std::weak_ptr<HeldBack*>(held->self), call = std::move(call),
                     done = std::move(done)](Result<void> durable) mutable {
    const auto still = alive.lock();
    if (!still) return;
    if (!durable) return done(std::unexpected(durable.error()));
    (*still)->call = shared_.invoker.invoke(from, std::move(call), std::move(done));
  });
  return held;
}

TaskPtr Run::wait(const lua::Place& place, int64_t delay_ms, Done done) {
  return delay(place, delay_ms, request_.dry_run ? 0 : delay_ms, std::move(done));
}

TaskPtr Run::deadline(const lua::Place& place, int64_t delay_ms, Done done) {
  return delay(place, delay_ms, delay_ms, std::move(done));
}

TaskPtr Run::delay(const lua::Place& place, int64_t delay_ms, int64_t really_ms, Done done) {
  class Wait : public Task {
   public:
    Wait(ops::Deadlines& deadlines, int64_t delay_ms, Callback passed) : deadlines_(deadlines) {
      entry_ = deadlines.add(Millis(delay_ms), [this, passed = std::move(passed)]() mutable {
        entry_.reset();
        Callback last = std::move(passed);
        last();  // may destroy this
      });
    }
    ~Wait() override {
      if (entry_) deadlines_.remove(*entry_);
    }

   private:
    ops::Deadlines& deadlines_;
    std::optional<ops::Deadlines::Entry> entry_;
  };
  if (journal_->dirty()) journal_->barrier([](Result<void>) {});
  return std::make_unique<Wait>(
      shared_.deadlines, really_ms, [this, place, delay_ms, done = std::move(done)]() mutable {
        journal_->note(entries::waited(place.task, place.number, delay_ms, tick()));
        done(std::string("null"));
      });
}

void Run::intend(const ops::Call& call, std::move_only_function<void(Result<void>)> go) {
  journal_->note(entries::intent(call));
  journal_->barrier(std::move(go));
}

void Run::ended(const ops::Call& call, const Result<std::string>& outcome) {
  const int64_t at = tick();
  const int64_t ms = (shared_.clock.boot_ns() - call.started_ns) / kNanosPerMilli;
  const bool cut_off = !outcome && outcome.error().code == code::kCancelled;
  if (cut_off && outcome.error().outcome_unknown) ++doubts_;
  if (ended_) return;
  std::optional<Result<std::string>> redacted = without_sensitive(call, outcome);
  const Result<std::string>& kept = redacted ? *redacted : outcome;
  if (call.intended) {
    journal_->note_result(entries::result(call, kept, at, ms));
  } else {
    journal_->note(entries::whole(call, kept, ms));
  }
}

std::optional<Result<std::string>> Run::without_sensitive(
    const ops::Call& call, const Result<std::string>& outcome) const {
  if (!outcome) return std::nullopt;
  const Result<const ops::Operation*> op = shared_.registry.find(call.operation);
  if (!op || std::ranges::none_of((*op)->results, &ops::Field::sensitive)) return std::nullopt;
  std::string kept = *outcome;
  ops::redact((*op)->results, kept);
  return kept;
}

void Run::transact(const ops::Call& call, const ops::Transact& transact, ops::CallInput input,
                   Done done) {
  auto answer = std::make_shared<std::string>();
  auto work = [this_call = call, transact, input = std::move(input), answer,
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
      (*self)->tick();
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
  journal_->show(entries::step(id, parent, name, shown(at), shared_.clock.wall_ms()));
}

void Run::step_closed(int id, const Error* error) {
  if (ended_) return;
  journal_->show(entries::end_step(id, error, shared_.clock.wall_ms()));
}

void Run::retrying(int step, int next, int attempts, int64_t delay_ms, const Error& error) {
  journal_->show(entries::retry(step, next, attempts, delay_ms, error, shared_.clock.wall_ms()));
}

void Run::log(std::string_view level, std::string_view message, std::string fields, int step) {
  journal_->show(entries::log(level, shared_.secrets.scrubbed(shortened(message, kLogBytesMax)),
                              shared_.secrets.scrubbed(std::move(fields)), step,
                              shared_.clock.wall_ms()));
}

void Run::report(std::string json) {
  journal_->show(
      entries::report(shared_.secrets.scrubbed(std::move(json)), shared_.clock.wall_ms()));
}

}  // namespace engine::runs
