// A run's life: loaded, started, turned until its script ends, recorded.
#include "engine/runs/run.h"

#include <cstdlib>
#include <functional>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "engine/lua/runbook.h"
#include "engine/ops/check.h"
#include "engine/ops/sealed.h"
#include "engine/runs/entries.h"
#include "engine/runs/run_gate.h"

namespace engine::runs {

namespace {

std::string line_of(std::string_view text, int line) {
  for (; line > 1; --line) text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

Run::Run(Shared& shared, StartRequest request, Callbacks callbacks)
    : shared_(shared),
      request_(std::move(request)),
      callbacks_(std::move(callbacks)),
      id_(request_.id.empty() ? new_run_id() : request_.id),
      code_(shared.library, [this](const store::SourceText& text) { pin(text); }),
      self_(std::make_shared<Run*>(this)) {
  now_ms_ = started_at_ms_ = began_at_ms_ = shared_.clock.wall_ms();
  reached_ms_ = now_ms_;
  ahead_ms_ = shared_.clock.ahead_ms();
}

// A run that has not ended by now is interrupted: nothing that dies with it is recorded, so that it
// can be taken up again.
Run::~Run() {
  *self_ = nullptr;
  ended_ = true;
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
  source_ = source.label;
  return interpreter_->load(source.label, *code_.take(source.label, source.file, source.text).text);
}

Result<void> Run::load_call(const ops::Operation& op, const std::string& args, const Source& source,
                            const lua::Limits& limits) {
  called_ = &op;
  params_ = "{\"args\":" + args + "}";
  std::string recorded = args;
  if (Result<void> sealed = ops::seal(op.params, recorded, shared_.seal); !sealed) return sealed;
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
  if (Result<void> sealed = ops::seal(info.params, request_.params, shared_.seal); !sealed)
    return sealed;
  scope_ = runbook_;
  if (Result<void> known = check_secrets(info.params, params_); !known) return known;
  return permit();
}

Result<void> Run::permit() {
  Result<ops::Permissions> permissions = ops::Permissions::parse(interpreter_->info().allow);
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
  row.sources = code_.all();
  row.clocks = clocks();
  if (parent_ != 0) row.parent = parent_;
  return row;
}

std::string Run::first_entry() const {
  return entries::started(started_at_ms_, runbook_, source_, request_.params, request_.trigger,
                          request_.dry_run, request_.goes_on);
}

void Run::take_up(const store::AddedRun& as) {
  added_ = as.as;
  parent_ = as.parent;
}

void Run::start() {
  if (added_) {
    open_journal(std::move(*added_), {1, first_entry().size()});
    unpinned_.clear();
  } else if (!resumption_) {
    journal_.emplace(shared_.loop, shared_.store, row(), callbacks_.watch,
                     [this](const Error& error) { broken(error); });
    unpinned_.clear();
    journal_->show(first_entry());
  } else if (!resumption_->new_attempt) {
    adopt();
  }
  gate_ = std::make_unique<Gate>(*this);
  gate_->pass([this] { begin_script(); });
}

void Run::begin_script() {
  if (!resumption_) limit_time(interpreter_->info().timeout);
  const int64_t timeout = interpreter_->info().timeout.count();
  interpreter_->start(id_, params_, request_.trigger, request_.dry_run,
                      timeout > 0 ? began_at_ms_ + timeout : 0);
  callbacks_.ready(*this);
}

void Run::limit_time(Millis left) {
  const Millis timeout = interpreter_->info().timeout;
  if (timeout.count() <= 0) return;
  deadline_ = shared_.deadlines.add(left, [this, timeout] {
    deadline_.reset();
    raise("", Error(code::kTimeout, runbook_ + " did not end within " + format_duration(timeout)));
  });
}

lua::Turn Run::turn(std::chrono::nanoseconds slice) {
  const lua::Turn turn = replaying() ? replay(slice) : interpreter_->turn(slice);
  if (turn == lua::Turn::finished && !ended_) end();
  if (journal_) journal_->settle();
  return turn;
}

void Run::cancel(std::string_view by, int64_t mail, const std::string& why) {
  if (ended_ || (gate_ && gate_->cancel(by, why, mail))) return;
  if (replaying()) {
    cancels_.push_back({std::string(by), why, mail});
    return callbacks_.ready(*this);
  }
  cancelled_ = true;
  raise(by, cancelled_by(by, why), mail);
}

void Run::raise(std::string_view by, const Error& reason, int64_t mail) {
  journal_->show(entries::cancel(by, reason, mail, tick()));
  interpreter_->cancel(reason);
}

// Nothing may start any more, and nothing that is waited for can be recorded: the script ends here.
void Run::broken(const Error& error) {
  if (ended_) return;
  store_error_ = error;
  if (gate_ && gate_->fail_with(error)) return;
  if (replaying()) return replay_->stop(error), callbacks_.ready(*this);
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
  outcome.finished_at_ms = std::max(tick(), now_ms_);
  const std::expected<std::string, lua::Failure>& ended = interpreter_->outcome();
  if (store_error_ || silent()) {
    outcome.state = "failed";
    append_error_json(outcome.error, store_error_ ? *store_error_ : *replay_->fault());
  } else if (ended) {
    outcome.state = "succeeded";
    outcome.result = shared_.secrets.scrubbed(*ended);
    if (called_) ops::redact(called_->results, outcome.result);
  } else {
    outcome.state =
        cancelled_ && ended.error().error.code == code::kCancelled ? "cancelled" : "failed";
    outcome.error = shared_.secrets.scrubbed(error_json(ended.error()));
  }
  if (outcome.state == "succeeded" && next_params_) go_on(outcome);
  record_end(std::move(outcome));
}

void Run::go_on(Outcome& outcome) {
  Result<std::string> next = callbacks_.go_on(*this, *next_params_);
  outcome.result.clear();
  if (next) {
    JsonWriter(outcome.result).begin_object().field("continued_as", *next).end_object();
  } else {
    outcome.state = "failed";
    append_error_json(outcome.error, next.error());
  }
}

void Run::record_end(Outcome outcome) {
  if (!journal_) {  // an attempt that does not agree with what was recorded has not begun
    return shared_.loop.defer([self = self_] {
      if (!*self) return;
      Run& run = **self;
      Finished finished = std::move(run.callbacks_.finished);
      const Error reason = *run.replay_->fault();
      run.callbacks_.over(run);
      finished(fail(reason));
    });
  }
  clear_waiting();
  if (drew_tickets_) return_tickets("");
  if (has_children_) end_children();
  store::RunEnd end{outcome.state, outcome.finished_at_ms, outcome.result, outcome.error};
  std::string entry =
      entries::end(outcome.state, outcome.result, outcome.error, outcome.finished_at_ms);
  if (outcome.result.empty()) outcome.result = "null";
  auto recorded = [self = self_, outcome = std::move(outcome)](Result<void> committed) mutable {
    if (!*self) return;
    Run& run = **self;
    Finished finished = std::move(run.callbacks_.finished);
    run.end_recorded_ = committed.has_value();
    run.callbacks_.over(run);
    if (!finished) return;  // it goes on as another run, or another one waits for it
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
    if (const store::SourceText* source = code_.find(at.source)) {
      json += ",\"excerpt\":";
      append_json_string(json, line_of(*source->text, at.line));
    }
  }
  return json + "}";
}

int64_t Run::tick() {
  if (!replaying()) note_clock();
  const int64_t at = shared_.clock.wall_ms();
  reach(at);
  return at;
}

void Run::reach(int64_t at) {
  now_ms_ = std::max(now_ms_, at);
  reached_ms_ = at - stepped_ms_;
}

// So that what the run waits for is not taken for nearer, or farther, after its process has gone.
void Run::note_clock() {
  constexpr int64_t kStepMin = 1000;  // less is no step: clocks are slewed
  const int64_t stepped = shared_.clock.ahead_ms() - ahead_ms_;
  if (std::abs(stepped) < kStepMin || !journal_) return;
  ahead_ms_ += stepped;
  stepped_ms_ += stepped;
  journal_->note(entries::clock_set(stepped, shared_.clock.wall_ms()));
}

}  // namespace engine::runs
