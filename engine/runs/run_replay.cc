// A run that exists: its past is played back to its script, then it goes on.
#include <chrono>

#include "engine/loop/process.h"
#include "engine/lua/runbook.h"
#include "engine/ops/check.h"
#include "engine/runs/entries.h"
#include "engine/runs/run_gate.h"

namespace engine::runs {

namespace {

using Clock = std::chrono::steady_clock;

std::string_view word_of(ops::Call::Assumed assumed) {
  if (assumed == ops::Call::Assumed::nothing) return "";
  return assumed == ops::Call::Assumed::done ? "done" : "not-done";
}

}  // namespace

Run::Run(Shared& shared, Resumption resumption, Callbacks callbacks)
    : shared_(shared),
      callbacks_(std::move(callbacks)),
      id_(resumption.record.id),
      code_(shared.library, [this](const store::SourceText& text) { pin(text); }),
      self_(std::make_shared<Run*>(this)) {
  const store::RunRecord& record = resumption.record;
  request_ = {record.runbook, record.params, record.principal, record.trigger, record.dry_run};
  request_.goes_on = resumption.recorded.goes_on;
  params_ = resumption.params;
  now_ms_ = started_at_ms_ = std::max(record.started_at_ms, resumption.recorded.started_at_ms);
  parent_ = record.parent;
  has_children_ = true;
  attempt_ = record.attempt + (resumption.new_attempt ? 1 : 0);
  stepped_ms_ = resumption.recorded.stepped_before_ms;
  reached_ms_ = now_ms_ - stepped_ms_;
  ahead_ms_ = shared_.clock.ahead_ms() - resumption.stepped_ms;
  began_stepped_ms_ = resumption.new_attempt
                          ? resumption.recorded.stepped_ms + resumption.stepped_ms
                          : resumption.recorded.began_stepped_ms;
  began_at_ms_ = resumption.new_attempt ? shared_.clock.wall_ms() : resumption.recorded.began_at_ms;
  for (const int64_t mail : resumption.recorded.cancel_mail) mailbox_.taken(mail);
  replay_.emplace(id_, std::move(resumption.recorded),
                  [this](const std::string& place) { dropped(place); });
  resumption_ = std::move(resumption);
}

Result<void> Run::load_again(const lua::Limits& limits) {
  const Recorded& recorded = replay_->recorded();
  const store::RunRecord& record = resumption_->record;
  Source source{record.runbook, recorded.source, record.file, ""};
  Result<store::Database*> database = shared_.store.reader();
  if (!database) return fail(database.error());
  if (resumption_->request.edited) {
    Result<Source> present = shared_.library.runbook(record.file);
    if (!present) present = shared_.library.runbook(record.runbook);
    if (!present) return fail(present.error());
    source.text = std::move(present->text);
  } else {
    if (!recorded.edited) {
      if (Result<void> known = code_.recall(**database, record.sources); !known) return known;
    }
    if (Result<void> known = code_.recall(**database, recorded.sources); !known) return known;
    if (!code_.find(source.label)) {
      return fail(code::kNotFound, "the store has no text of run " + id_ + "'s runbook",
                  "it was begun by a program that could not resume runs; start it anew");
    }
  }
  if (Result<void> compiled = compile(source, limits); !compiled) return compiled;
  const bool by_hand = record.file.empty();
  scope_ = by_hand ? "call" : runbook_;
  if (!by_hand) return permit();
  Result<const ops::Operation*> op = shared_.registry.find(runbook_.substr(kCallPrefix.size()));
  if (!op) return fail(op.error());
  called_ = *op;
  permissions_ = ops::Permissions::all();
  return {};
}

lua::Turn Run::replay(std::chrono::nanoseconds slice) {
  const Clock::time_point until = Clock::now() + slice;
  while (Clock::now() < until) {
    const lua::Turn turn = interpreter_->turn(until - Clock::now());
    if (turn == lua::Turn::finished) {
      replay_->script_ended();
      replay_->check_open_calls();
      if (!silent()) go_live();
      return turn;
    }
    if (turn == lua::Turn::idle && !silent() && !deliver_next()) {
      replay_->check_open_calls();
      if (silent()) continue;
      if (!has_its_seats()) return lua::Turn::idle;
      go_live();
      return lua::Turn::sliced;
    }
    if (silent()) {
      interpreter_->cancel(*replay_->fault());
      interpreter_->cancel(*replay_->fault());
    }
  }
  return lua::Turn::sliced;
}

bool Run::deliver_next() {
  const Delivery* next = replay_->next();
  if (!next) return false;
  stepped_ms_ += next->stepped_ms;
  reach(next->at);
  switch (next->kind) {
    case Delivery::Kind::clock:
      break;
    case Delivery::Kind::answer: {
      const RecordedCall& known = *replay_->call(next->place);
      // Mail that came too late is there to be given again.
      if (replay_->deliver(*next, *known.outcome)) mailbox_.taken(known.call.mail);
      break;
    }
    case Delivery::Kind::begin: {
      const RecordedCall& known = *replay_->call(next->place);
      const Replay::Asked* asked = replay_->asked(next->place);
      Result<std::string> begun = asked ? begun_again(known, asked->given) : "null";
      if (!begun) {
        replay_->stop(begun.error());
        return true;
      }
      replay_->deliver(*next, std::move(begun));
      break;
    }
    case Delivery::Kind::wait:
      replay_->deliver(*next, "null");
      break;
    case Delivery::Kind::cancel: {
      const auto [by, reason] = std::move(replay_->recorded().cancels.front());
      replay_->recorded().cancels.pop_front();
      (by.empty() ? out_of_bounds_ : cancelled_) = true;
      interpreter_->cancel(reason);
      break;
    }
    case Delivery::Kind::passed:
      replay_->pass(*next);
      break;
  }
  return true;
}

// What the function of a Lua plugin's operation began with; its end is recorded as any other's.
Result<std::string> Run::begun_again(const RecordedCall& known, const std::string& given) {
  Result<const ops::Operation*> op = shared_.registry.find(known.call.operation);
  if (!op) return fail(op.error());
  Result<std::string> args = ops::check_args(**op, given);
  if (!args) return fail(args.error());
  ops::Call& body = bodies_[place_key(known.call.task, known.call.number)] = known.call;
  body.started_ns = shared_.clock.boot_ns();
  return ops::Invoker::begun(*args, known.settings, known.timeout, known.call.key);
}

TaskPtr Run::ask(const lua::Place& place, ops::Call call, Done done) {
  Replay::Asked asked{place_key(place.task, place.number), call.operation, call.args, call.args,
                      call.line};
  if (replay_->call(asked.place) && !call.word) {
    Result<const ops::Operation*> op = shared_.registry.find(call.operation);
    if (op) ops::redact((*op)->params, asked.args);
    if (op && request_.dry_run && (*op)->transact) rehearse_again(**op, call);
  }
  return replay_->ask(std::move(asked), std::move(done),
                      [this, within = place.within, key = place_key(place.task, place.number),
                       call = std::move(call)](Done answer) mutable {
                        const RecordedCall* known = replay_->call(key);
                        if (known && known->call.intended) {
                          call.lost = call.intended = true;
                          call.key = known->call.key;
                          call.effect = known->call.effect;
                          call.attempt = known->call.attempt;
                          call.started_at_ms = known->call.started_at_ms;
                          const std::string& settled = resumption_->settled;
                          if (settled.empty() || settled == key)
                            call.assumed = resumption_->request.assumed;
                        }
                        return begin(within, std::move(call), std::move(answer));
                      });
}

// A dry run's changes of our own store are in memory alone, and went with the process.
void Run::rehearse_again(const ops::Operation& op, const ops::Call& call) {
  Result<std::string> args = ops::check_args(op, call.args);
  if (!args) return;
  ops::CallInput input;
  input.operation = op.name;
  input.args = std::move(*args);
  input.dry_run = true;
  input.run = id_;
  input.scope = scope_;
  const TaskPtr work = op.rehearse(std::move(input), [](Result<std::string>) {});
}

// The script stopped waiting before there was an answer. Where its end is recorded, that tells
// whether it is in doubt; else it is so now.
void Run::dropped(const std::string& place) {
  const RecordedCall* known = replay_->call(place);
  if (!known) return;
  if (known->outcome) {
    if (known->call.cut && !*known->outcome && known->outcome->error().outcome_unknown) ++doubts_;
    return;
  }
  if (!known->call.intended || known->call.scripted) return;
  ops::Call call = known->call;
  call.cut = true;
  call.started_ns = shared_.clock.boot_ns();
  kill_survivors_of(call.key);
  const Result<const ops::Operation*> op = shared_.registry.find(call.operation);
  Error error(code::kCancelled, call.operation + " was cancelled");
  error.operation = call.operation;
  error.outcome_unknown = !op || !(*op)->idempotent;
  Result<std::string> outcome = std::unexpected(std::move(error));
  ended(call, outcome);
}

bool Run::repeats_end(const ops::Call& call) {
  if (!replay_ || !call.scripted) return false;
  const RecordedCall* known = replay_->call(place_key(call.task, call.number));
  return known && known->begun && known->outcome;
}

// The run is this process's from now on. What an attempt said on its way here comes after.
void Run::adopt() {
  const ResumeRequest& request = resumption_->request;
  const store::RunRecord& record = resumption_->record;
  store::Adoption adoption{record.key,
                           record.state,
                           record.owner,
                           record.attempt,
                           attempt_,
                           resumption_->tail,
                           {shared_.boot, ahead_ms_ - replay_->recorded().stepped_ms}};
  open_journal(std::move(adoption), resumption_->size);
  for (const store::SourceText& text : unpinned_) journal_->pin(text);
  if (resumption_->new_attempt) {
    journal_->show(entries::attempt(attempt_, resumption_->keep, request.from,
                                    request.edited ? code_.all() : std::vector<store::SourceText>(),
                                    request.principal, word_of(request.assumed), began_at_ms_));
  } else if (record.state != "waiting") {
    Result<store::Database*> database = shared_.store.reader();
    const auto was =
        database ? store::find_owner(**database, record.owner) : fail(database.error());
    journal_->show(entries::resumed(request.principal, word_of(request.assumed),
                                    was ? *was : std::nullopt, shared_.clock.wall_ms()));
  }
  if (!request.edited) {
    for (const store::SourceText& text : unpinned_) journal_->note(entries::source(text));
  }
  for (std::string& entry : unrecorded_) journal_->show(std::move(entry));
  unpinned_.clear();
  unrecorded_.clear();
  shown_waiting_ = true;
  clear_waiting();  // it waits anew
  // And takes its locks and its seat again; those of a parked run are still its own.
  if (record.state != "waiting") return_tickets("");
}

void Run::open_journal(store::Adoption adoption, JournalSize size) {
  const store::LiveRun live =
      shared_.store.adopt_run(std::move(adoption), [self = self_](Result<void> adopted) {
        if (!*self) return;
        if (!adopted) return (*self)->broken(adopted.error());
        (*self)->look_for_mail();  // what came before this process could be told
      });
  journal_.emplace(shared_.loop, shared_.store, live, size, callbacks_.watch,
                   [this](const Error& error) { broken(error); });
}

void Run::go_live() {
  if (!journal_) adopt();
  note_clock();
  const Millis passed(unstepped_ms() - (began_at_ms_ - began_stepped_ms_));
  if (!out_of_bounds_) limit_time(interpreter_->info().timeout - passed);
  read_mail();
  replay_->release([this](RecordedCall& call, Done done) {
    journal_->note(entries::delivered(call.call, tick()));
    done(*call.outcome);
  });
  for (const Cancel& asked : std::exchange(cancels_, {})) cancel(asked.by, asked.mail, asked.why);
}

}  // namespace engine::runs
