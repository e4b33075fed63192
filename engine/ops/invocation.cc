// One call on its way down the road.
#include "engine/ops/invocation.h"

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/loop/process.h"
#include "engine/ops/check.h"

namespace engine::ops {

namespace {

constexpr Millis kProbeTime{30'000};
constexpr const char* kMayHaveHappened = "it may have taken effect; look before repeating it";

}  // namespace

Invocation::Invocation(Invoker& invoker, Caller& caller, Call call, Done done)
    : invoker_(invoker),
      caller_(caller),
      call_(std::move(call)),
      done_(std::move(done)),
      self_(std::make_shared<Invocation*>(this)) {}

Invocation::~Invocation() {
  *self_ = nullptr;
  if (deadline_) invoker_.deadlines_.remove(*deadline_);
  work_.reset();
  if (finished_ || (!started_ && !call_.intended)) return;
  const bool begun = started_ || call_.lost;
  if (call_.lost && !started_) kill_survivors_of(call_.key);
  Error error(code::kCancelled,
              call_.operation + " was cancelled" + (begun ? "" : " before it started"));
  error.operation = call_.operation;
  error.outcome_unknown = in_doubt_if_lost();
  if (error.outcome_unknown) error.hint = kMayHaveHappened;
  call_.cut = true;
  Result<std::string> outcome = std::unexpected(std::move(error));
  caller_.ended(call_, outcome);
}

template <class... Args>
auto Invocation::while_alive(void (Invocation::*member)(Args...)) {
  return [self = self_, member](Args... args) {
    if (*self) ((*self)->*member)(std::move(args)...);
  };
}

void Invocation::begin() {
  if (!call_.lost) call_.started_at_ms = invoker_.clock_.wall_ms();
  call_.started_ns = invoker_.clock_.boot_ns();
  if (Result<void> admitted = admit(); !admitted) {
    admitted.error().outcome_unknown = call_.lost;
    return finish_later(std::unexpected(admitted.error()));
  }
  call_.scripted = op_->script != nullptr;
  if (caller_.dry_run()) return rehearse();
  if (call_.lost) return recover();
  if (op_->transact) return transact();
  // What a Lua plugin's operation calls takes seats, and so it takes none itself.
  if (call_.scripted) return call_.effect == Effect::read ? enter() : intend();
  if (call_.effect != Effect::read) return when_free(&Invocation::intend);
  if (op_->rehearse) return look();  // of our own store
  when_free(&Invocation::look);
}

void Invocation::when_free(void (Invocation::*next)()) {
  if (invoker_.in_flight_.take(*this, caller_.line())) return (this->*next)();
  when_free_ = next;
}

// It begins now, and not when it came.
void Invocation::seat_given() {
  invoker_.loop_.defer([self = self_] {
    if (!*self) return;
    Invocation& invocation = **self;
    if (!invocation.call_.lost)
      invocation.call_.started_at_ms = invocation.invoker_.clock_.wall_ms();
    invocation.call_.started_ns = invocation.invoker_.clock_.boot_ns();
    (invocation.*invocation.when_free_)();
  });
}

void Invocation::look() { start(op_->start); }

void Invocation::intend() {
  call_.intended = true;
  caller_.intend(call_, while_alive(&Invocation::after_intent));
}

Result<void> Invocation::admit() {
  Result<const Operation*> found = invoker_.registry_.find(call_.operation);
  if (!found) return std::unexpected(found.error());
  op_ = *found;
  call_.idempotent = op_->idempotent;
  Result<std::string> checked = check_args(*op_, call_.args);
  redact(op_->params, call_.args);
  if (!checked) return std::unexpected(checked.error());
  args_ = std::move(*checked);
  call_.effect = op_->effect_of ? op_->effect_of(args_) : op_->effect;
  call_.target = target_of(*op_, args_);
  if (call_.effect != Effect::read && !call_.lost) {
    const std::string again = call_.attempt > 1 ? "/" + std::to_string(call_.attempt) : "";
    call_.key = caller_.run_id() + again + ":" + call_.task + ":" + std::to_string(call_.number);
  }
  return check_permission(*op_, call_.effect, caller_.permissions(), invoker_.policy_);
}

CallInput Invocation::input() const {
  CallInput input;
  input.operation = op_->name;
  input.args = args_;
  input.key = call_.key;
  input.timeout = op_->timeout;
  input.dry_run = caller_.dry_run();
  input.run = caller_.run_id();
  input.scope = caller_.scope();
  input.progress = [self = self_](std::string json) {
    if (*self) (*self)->caller_.progress((*self)->call_, json);
  };
  return input;
}

void Invocation::rehearse() {
  if (op_->rehearse) return start(op_->rehearse);
  const bool concrete = !holds_placeholder(args_);
  // What it changes is planned where it calls that.
  if (concrete && call_.scripted) return enter();
  if (call_.effect == Effect::read && concrete) return when_free(&Invocation::look);
  call_.planned = true;
  if (!op_->preview || !concrete) return plan("");
  when_free(&Invocation::preview);
}

void Invocation::preview() {
  started_ = true;
  work_ = op_->preview(input(), while_alive(&Invocation::plan));
}

void Invocation::plan(Result<std::string> preview) {
  // What would be refused fails here as it would for real. Another preview that can't be had says
  // why in the plan, which goes on: what it needs may only be planned itself.
  const std::string_view failed = preview ? std::string_view() : preview.error().code;
  if (failed == code::kPermissionDenied || failed == code::kInvalidArgument) {
    call_.planned = false;
    return finish_later(std::move(preview));
  }
  if (preview) {
    call_.preview = std::move(*preview);
  } else {
    append_error_json(call_.preview, preview.error());
  }
  std::string placeholder;
  JsonWriter(placeholder)
      .begin_object()
      .field("$planned", op_->name + " at " + call_.line)
      .end_object();
  finish_later(std::move(placeholder));
}

void Invocation::after_intent(Result<void> recorded) {
  if (!recorded) return finish(std::unexpected(recorded.error()));
  if (call_.scripted) return enter();
  start(op_->start);
}

void Invocation::enter() {
  Result<std::string> settings = op_->script->settings();
  if (!settings) return finish_later(std::unexpected(settings.error()));
  invoker_.loop_.defer([self = self_, settings = std::move(*settings)] {
    if (!*self) return;
    Invocation& invocation = **self;
    invocation.finished_ = true;
    const Millis timeout = invocation.op_->timeout;
    invocation.caller_.entered(invocation.call_, settings, timeout);
    Done done = std::move(invocation.done_);
    done(Invoker::begun(invocation.args_, settings, timeout,
                        invocation.call_.key));  // may destroy this
  });
}

void Invocation::recover() {
  if (call_.scripted) return enter();
  if (call_.assumed == Call::Assumed::done) return finish_later("null");
  if (call_.assumed == Call::Assumed::not_done || call_.idempotent)
    return when_free(&Invocation::repeat);
  if (op_->probe) return when_free(&Invocation::probe);
  settle("{}");
}

void Invocation::repeat() {
  kill_survivors_of(call_.key);  // else it would go on beside its own repetition
  start(op_->start);
}

void Invocation::probe() {
  started_ = probing_ = true;
  deadline_ = invoker_.deadlines_.add(kProbeTime, while_alive(&Invocation::timed_out));
  work_ = op_->probe(input(), while_alive(&Invocation::settle));
}

// A live call that its probe does not find done may be so in a moment: its doubt remains.
void Invocation::settle(Result<std::string> answer) {
  if (deadline_) invoker_.deadlines_.remove(*deadline_);
  deadline_.reset();
  probing_ = false;
  const Result<JsonDocument> found = read_json(answer ? *answer : "{}");
  const auto done = found ? json_boolean(found->root(), "done") : std::nullopt;
  if (done && *done) {
    const auto result = json_member(found->root(), "result");
    return finish_later(result ? json_text(*result) : "null");
  }
  if (doubt_) return finish_later(fail(*doubt_));
  if (done) {
    return invoker_.loop_.defer([self = self_] {
      if (*self) (*self)->start((*self)->op_->start);
    });
  }
  finish_later(fail(in_doubt()));
}

Error Invocation::in_doubt() const {
  std::string what = op_->name +
                     " was started before the engine stopped, and nothing tells whether it took "
                     "effect";
  std::string living;
  for (const int pid : survivors_of(call_.key))
    living += (living.empty() ? "" : ", ") + std::to_string(pid);
  if (!living.empty()) what += "; what it started is still running: process " + living;
  Error error(code::kInDoubt, std::move(what),
              "look, then say so: engine resume " + caller_.run_id() +
                  " --assume done, or --assume not-done");
  error.outcome_unknown = true;
  return error;
}

void Invocation::transact() {
  caller_.transact(call_, op_->transact, input(), [self = self_](Result<std::string> outcome) {
    if (!*self) return;
    Invocation& invocation = **self;
    invocation.finished_ = true;
    Done done = std::move(invocation.done_);
    done(std::move(outcome));  // may destroy this
  });
}

void Invocation::start(const Start& how) {
  started_ = true;
  if (op_->timeout.count() > 0) {
    deadline_ = invoker_.deadlines_.add(op_->timeout, while_alive(&Invocation::timed_out));
  }
  work_ = how(input(), while_alive(&Invocation::finish));
}

void Invocation::timed_out() {
  deadline_.reset();
  work_.reset();
  if (probing_) return settle("{}");
  Error error(code::kTimeout,
              op_->name + " did not answer within " + format_duration(op_->timeout));
  error.retryable = true;
  error.outcome_unknown = true;
  finish(std::unexpected(std::move(error)));
}

void Invocation::finish(Result<std::string> outcome) {
  if (deadline_) invoker_.deadlines_.remove(*deadline_);
  deadline_.reset();
  if (!outcome) {
    Error& error = outcome.error();
    if (error.operation.empty()) error.operation = call_.operation;
    error.outcome_unknown = error.outcome_unknown && in_doubt_if_lost();
    if (error.outcome_unknown && error.hint.empty()) error.hint = kMayHaveHappened;
    if (error.outcome_unknown && op_->probe && !doubt_ && !call_.lost) {
      doubt_ = std::move(error);
      return invoker_.loop_.defer(while_alive(&Invocation::probe));
    }
  }
  end(std::move(outcome));
}

void Invocation::end(Result<std::string> outcome) {
  finished_ = true;
  leave_seat();
  caller_.ended(call_, outcome);
  Done done = std::move(done_);
  done(std::move(outcome));  // may destroy this
}

void Invocation::finish_later(Result<std::string> outcome) {
  invoker_.loop_.defer([self = self_, outcome = std::move(outcome)]() mutable {
    if (*self) (*self)->finish(std::move(outcome));
  });
}

Invoker::Invoker(Loop& loop, Registry& registry, const Clock& clock, OperatorPolicy policy,
                 size_t operations_max)
    : loop_(loop),
      registry_(registry),
      clock_(clock),
      policy_(std::move(policy)),
      deadlines_(loop, clock),
      in_flight_(operations_max) {}

std::string Invoker::begun(std::string_view args, std::string_view settings, Millis timeout,
                           std::string_view key) {
  std::string begun;
  JsonWriter writer(begun);
  writer.begin_object().field_raw("args", args).field_raw("settings", settings);
  writer.field("timeout", timeout.count());
  if (!key.empty()) writer.field("key", key);
  writer.end_object();
  return begun;
}

void Invoker::ended(Caller& caller, const Call& call, Result<std::string>& outcome) {
  if (!outcome && outcome.error().operation.empty()) outcome.error().operation = call.operation;
  caller.ended(call, outcome);
}

TaskPtr Invoker::invoke(Caller& caller, Call call, Done done) {
  auto invocation = std::make_unique<Invocation>(*this, caller, std::move(call), std::move(done));
  invocation->begin();
  return invocation;
}

}  // namespace engine::ops
