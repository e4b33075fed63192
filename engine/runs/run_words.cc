// Control words that reach out of a run or wait for what comes from outside.
#include "engine/base/json.h"
#include "engine/base/log.h"
#include "engine/base/units.h"
#include "engine/ops/check.h"
#include "engine/runs/entries.h"
#include "engine/runs/run_gate.h"
#include "engine/runs/run_word.h"
#include "engine/store/large.h"

namespace engine::runs {

namespace {

std::string text_of(JsonElement object, std::string_view name) {
  return std::string(json_string(object, name).value_or(std::string_view()));
}

std::string given_signal(const store::Mail& mail) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("signal", mail.name);
  if (mail.data != "null") out.field_raw("data", mail.data);  // without any it is nil
  out.field("by", mail.sender).field("at", format_time_utc(mail.at_ms)).end_object();
  return json;
}

std::string given_approval(const store::Mail& mail) {
  std::string json = mail.data;
  json.pop_back();  // the object goes on
  json += ",\"by\":";
  append_json_string(json, mail.sender);
  json += ",\"at\":";
  append_json_string(json, format_time_utc(mail.at_ms));
  return json + "}";
}

std::string chosen(std::string_view choice, std::string_view how) {
  std::string json;
  JsonWriter(json).begin_object().field("choice", choice).field(how, true).end_object();
  return json;
}

// What others see of a wait: what was said, and what came of it.
std::string with_text(std::string args, std::string_view name, std::string_view text) {
  if (text.empty() || args.find("\"" + std::string(name) + "\":") != std::string::npos) return args;
  args.pop_back();  // the object goes on
  args += ",\"" + std::string(name) + "\":";
  append_json_string(args, text);
  return args + "}";
}

std::string why_of(const store::Mail& cancel) {
  const Result<JsonDocument> data = read_json(cancel.data);
  return data ? text_of(data->root(), "why") : "";
}

Result<std::string> too_late(std::string_view word, JsonElement args) {
  const std::string within = format_duration(Millis(json_integer(args, "timeout").value_or(0)));
  if (word == "lock")
    return fail(code::kTimeout,
                "the lock '" + text_of(args, "name") + "' was not free within " + within);
  if (const auto source = json_string(args, "event"))
    return fail(code::kTimeout, "no event of " + std::string(*source) +
                                    " that was waited for came within " + within);
  if (word == "wait_for")
    return fail(code::kTimeout,
                "no signal '" + text_of(args, "signal") + "' came within " + within);
  if (const auto otherwise = json_string(args, "default")) return chosen(*otherwise, "timed_out");
  return fail(code::kTimeout, "nobody approved within " + within);
}

}  // namespace

std::string public_place(int attempt, const std::string& place) {
  return (attempt > 1 ? std::to_string(attempt) + "/" : "") + place;
}

TaskPtr Run::word(const lua::Place& place, std::string_view word, std::string args, int step,
                  const lua::Position& at, Done done) {
  ops::Call call = call_at(place, word, std::move(args), step, at);
  call.word = true;
  call.started_at_ms = now_ms_;
  call.stepped_ms = now_ms_ - reached_ms_;
  if (word == "signal" || word == "run") call.effect = ops::Effect::change;
  if (word == "run") note_start(call);
  if (word == "lock" || word == "unlock") note_lock(call);
  note_event_wait(call);
  if (replaying()) return ask(place, std::move(call), std::move(done));
  return begin(place.within, std::move(call), std::move(done));
}

TaskPtr Run::begin_word(ops::Call call, Done done) {
  auto begun = std::make_unique<Word>(*this, std::move(call), std::move(done));
  Word& word = *begun;
  word.call.started_ns = shared_.clock.boot_ns();
  const std::string& name = word.call.operation;
  if (name == "run" && !ops::holds_placeholder(word.call.args)) {
    start_child(word);
  } else if (name == "await_run") {
    await_child(word);
  } else if (name == "stop_run") {
    stop_child(word);
  } else if (request_.dry_run) {
    rehearse_word(word);
  } else if (name == "signal") {
    send_signal(word);
  } else if (name == "lock") {
    take_lock(word);
  } else if (name == "unlock") {
    unlock(word);
  } else if (json_member(word.args.root(), "event")) {
    await_event(word);
  } else {
    await_mail(word);
  }
  return begun;
}

// Nothing is sent and nobody is waited for; a run whose parameters are not known is not started: an
// approval takes its default, or its first choice.
void Run::rehearse_word(Word& word) {
  const std::string& name = word.call.operation;
  std::string answer = "null";
  if (name == "wait_for" || name == "run") {
    answer.clear();
    JsonWriter(answer)
        .begin_object()
        .field("$planned", name + " at " + word.call.line)
        .end_object();
  } else if (name == "approve") {
    std::string choice = text_of(word.args.root(), "default");
    if (choice.empty()) {
      const auto choices = json_member(word.args.root(), "choices");
      choice = std::string(simdjson::dom::array(*choices).at(0));
    }
    answer = chosen(choice, "planned");
  }
  word.call.planned = true;
  shared_.loop.defer(
      word.while_alive([answer](Word& it) mutable { it.answer(std::move(answer)); }));
}

void Run::send_signal(Word& word) {
  const JsonElement args = word.args.root();
  store::Mail mail;
  mail.kind = "signal";
  mail.name = text_of(args, "name");
  const auto data = json_member(args, "data");
  mail.data = data ? json_text(*data) : "null";
  mail.sender = "run:" + id_;
  mail.at_ms = shared_.clock.wall_ms();
  auto target = std::make_shared<store::RunRecord>();
  auto send = [mail, target, to = text_of(args, "run")](
                  store::Database& database, const ops::CallInput&) -> Result<std::string> {
    Result<store::RunRecord> found = store::find_run(database, to);
    if (!found) return fail(found.error());
    if (found->has_ended())
      return fail(code::kConflict, "run " + found->id + " has ended: nobody takes its signals");
    store::Mail addressed = mail;
    addressed.run = found->id;
    *target = std::move(*found);
    if (Result<int64_t> sent = store::send_mail(database, addressed); !sent)
      return fail(sent.error());
    return std::string("null");
  };
  transact(word.call, send, {},
           [self = word.self, target, mailed = callbacks_.mailed](Result<std::string> outcome) {
             if (outcome) mailed(target->id, target->owner);
             if (!*self) return;
             Done done = std::move((*self)->done);
             done(std::move(outcome));  // may destroy the word
           });
}

void Run::bound(Word& word) {
  if (const auto timeout = json_integer(word.args.root(), "timeout")) {
    const ops::Call& call = word.call;
    const Millis left(call.started_at_ms - call.stepped_ms + *timeout - unstepped_ms());
    word.deadline = shared_.deadlines.add(left, word.while_alive([](Word& it) {
      it.deadline.reset();
      it.run.mailbox_.forget(it.place);
      it.answer(too_late(it.call.operation, it.args.root()));
    }));
  }
}

void Run::await_mail(Word& word) {
  const JsonElement args = word.args.root();
  const bool approval = word.call.operation == "approve";
  Mailbox::Wait wait;
  wait.place = word.place;
  wait.kind = approval ? "approval" : "signal";
  wait.name = approval ? word.public_place : text_of(args, "signal");
  if (const auto match = json_member(args, "match")) wait.match = json_text(*match);
  if (const auto since = json_integer(args, "since"))
    wait.since_ms = word.call.started_at_ms - *since;
  wait.given = word.while_alive([approval](Word& it, const store::Mail& mail) {
    it.call.mail = mail.id;
    it.answer(approval ? given_approval(mail) : given_signal(mail));
  });
  mailbox_.wait(std::move(wait));
  word.hold = shared_.loop.hold();
  bound(word);
  shared_.loop.defer(word.while_alive([](Word& it) {
    it.run.look_for_mail();
    it.run.mailbox_.give();
    if (it.done) it.run.wait_in_public(it);
  }));
}

// Parking is a barrier: whoever is told that the run waits finds how it came there.
void Run::wait_in_public(Word& word) {
  if (journal_->dirty()) journal_->barrier([](Result<void>) {});
  word.is_public = true;
  show_waiting({id_, word.public_place, word.call.operation,
                with_text(with_text(word.call.args, "run", word.child), "away", word.away),
                word.call.line, word.call.started_at_ms});
}

void Run::show_waiting(store::Waiting waiting) {
  shown_waiting_ = true;
  journal_->write_beside([waiting = std::move(waiting)](store::Transaction& transaction) {
    return store::put_waiting(transaction.db(), waiting);
  });
}

// An answer that the script did not come to take is there for its next wait.
void Run::word_dropped(const Word& word) {
  if (mailbox_.forget(word.place)) {
    shared_.loop.defer([self = self_] {
      if (*self) (*self)->mailbox_.give();
    });
  }
  // A lock that the script did not get is free for others.
  if (!ended_ && word.call.operation == "lock" && !word.accepted && !request_.dry_run)
    return_tickets(word.public_place);
  if (word.is_public) hide_waiting(word.public_place);
}

void Run::hide_waiting(const std::string& place) {
  if (ended_) return;
  journal_->write_beside([id = id_, place](store::Transaction& transaction) {
    return store::remove_waiting(transaction.db(), id, place);
  });
}

// Its time is counted from when the script said it, also when a process died meanwhile.
void Run::word_ended(ops::Call& call, const Result<std::string>& outcome) {
  if (ended_ || silent()) return;
  if (entries::is_large(call, outcome)) {
    const std::string place = place_key(call.task, call.number);
    journal_->keep(store::large_name(id_, call.attempt, place), *outcome);
  }
  journal_->note(entries::whole(call, outcome, std::max<int64_t>(0, tick() - call.started_at_ms)));
}

void Run::taken(std::string_view task, int number) {
  const std::string place = place_key(task, number);
  mailbox_.accept(place);
  lock_taken(place);
  event_taken(place);
}

void Run::look_for_mail() {
  if (ended_ || (replaying() && !relocking_ && !(gate_ && gate_->closed()))) return;
  read_mail();
  mailbox_.give();
}

void Run::read_mail() {
  Result<store::Database*> database = shared_.store.reader();
  Result<std::vector<store::Mail>> found =
      database ? store::mail_of(**database, id_, mailbox_.last_id()) : fail(database.error());
  if (!found) return log::warn("runs", "the mail of run " + id_ + ": " + found.error().message);
  for (store::Mail& mail : *found) {
    const bool cancels = mail.kind == "cancel";
    const auto [sender, number] = std::pair(mail.sender, mail.id);
    const std::string why = cancels ? why_of(mail) : "";
    if (mailbox_.add(std::move(mail)) && cancels) cancel(sender, number, why);
  }
}

void Run::clear_waiting() {
  if (!std::exchange(shown_waiting_, false)) return;
  journal_->write_beside([id = id_](store::Transaction& transaction) {
    return store::remove_waiting(transaction.db(), id);
  });
}

}  // namespace engine::runs
