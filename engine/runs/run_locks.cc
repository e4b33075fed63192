// Locks: drawn and given back in the store, held by the run as long as its process lives.
#include "engine/base/json.h"
#include "engine/runs/run_word.h"

namespace engine::runs {

namespace {

// How long it takes to notice that a holder's process is gone: nobody tells.
constexpr Millis kBetweenLooks{1000};

store::Ticket ticket_of(const std::string& run, const std::string& place, JsonElement args) {
  return {std::string(json_string(args, "name").value_or("")), run, place,
          json_integer(args, "ttl").value_or(0)};
}

}  // namespace

// The run's answer to whether it has the lock; `held` is not called where that cannot be known.
void Run::draw(const store::Ticket& ticket, std::move_only_function<void(Result<bool>)> drawn) {
  drew_tickets_ = true;
  if (journal_->dirty()) journal_->barrier([](Result<void>) {});
  auto first = std::make_shared<bool>(false);
  shared_.store.write(
      [ticket, first, now = shared_.clock.wall_ms(),
       &store = shared_.store](store::Transaction& transaction) -> Result<void> {
        Result<std::vector<store::Next>> others =
            store::draw_ticket(transaction.db(), ticket, now,
                               [&store](int64_t epoch) { return store.is_alive(epoch); });
        if (!others) return fail(others.error());
        *first = others->empty();
        return {};
      },
      [first, drawn = std::move(drawn)](Result<void> committed) mutable {
        drawn(committed ? Result<bool>(*first) : fail(committed.error()));
      });
}

void Run::take_lock(Word& word) {
  word.hold = shared_.loop.hold();
  bound(word);
  try_lock(word);
}

void Run::try_lock(Word& word) {
  word.look.reset();
  const auto held = [](Word& it, Result<bool> first) {
    if (!it.done) return;  // its time was over meanwhile
    if (!first) return it.answer(fail(first.error()));
    if (*first) return it.answer("\"" + it.public_place + "\"");
    if (!it.is_public) it.run.wait_in_public(it);
    it.run.await_turn(it);
  };
  draw(ticket_of(id_, word.public_place, word.args.root()), word.while_alive(held));
}

// Mail tells that somebody has let go; a process that died tells nobody.
void Run::await_turn(Word& word) {
  mailbox_.forget(word.place);
  Mailbox::Wait wait{word.place, "lock", word.public_place};
  wait.given = word.while_alive([](Word& it, const store::Mail&) {
    it.run.mailbox_.accept(it.place);
    it.run.try_lock(it);
  });
  mailbox_.wait(std::move(wait));
  word.look = start_timer(shared_.loop, kBetweenLooks,
                          word.while_alive([](Word& it) { it.run.try_lock(it); }));
}

// What of the run's tickets is left where it is not needed any more.
void Run::return_tickets(const std::string& place) {
  tell([id = id_, place, now = shared_.clock.wall_ms()](
           store::Database& database) { return store::return_tickets(database, id, place, now); },
       [] {});
}

void Run::unlock(Word& word) {
  const std::string at(json_string(word.args.root(), "at").value_or(""));
  auto next = std::make_shared<std::vector<store::Next>>();
  auto give_back = [id = id_, at, next, now = shared_.clock.wall_ms()](
                       store::Database& database, const ops::CallInput&) -> Result<std::string> {
    auto woken = store::return_tickets(database, id, at, now);
    if (!woken) return fail(woken.error());
    *next = std::move(*woken);
    return std::string("null");
  };
  transact(word.call, give_back, {},
           [self = word.self, next, mailed = callbacks_.mailed](Result<std::string> outcome) {
             for (const store::Next& run : *next) mailed(run.run, run.owner);
             if (!*self) return;
             Done done = std::move((*self)->done);
             done(std::move(outcome));  // may destroy the word
           });
}

// What the script has asked for, and what of it it has: a replay tells this too.
void Run::note_lock(const ops::Call& call) {
  const Result<JsonDocument> args = read_json(call.args);
  if (call.operation == "unlock") {
    held_locks_.erase(std::string(json_string(args->root(), "at").value_or("")));
    return;
  }
  const std::string place = place_key(call.task, call.number);
  const RecordedCall* known = replay_ ? replay_->call(place) : nullptr;
  const int attempt = known ? known->call.attempt : call.attempt;
  asked_locks_[place] = ticket_of(id_, public_place(attempt, place), args->root());
}

void Run::lock_taken(const std::string& place) {
  const auto asked = asked_locks_.find(place);
  if (asked == asked_locks_.end()) return;
  const auto word = words_.find(place);
  const RecordedCall* known = replay_ ? replay_->call(place) : nullptr;
  const store::Ticket ticket = std::move(asked->second);
  asked_locks_.erase(asked);
  if (word != words_.end() ? word->second->refused : known && known->outcome && !*known->outcome)
    return;
  if (word != words_.end()) word->second->accepted = true;
  held_locks_[ticket.place] = ticket;
}

// While nobody carried the run, others may have taken what it held: it goes on when it has all
// again.
bool Run::has_its_locks() {
  if (held_locks_.empty() || request_.dry_run || !cancels_.empty() || relocked_) return true;
  if (std::exchange(relocking_, true)) return false;
  if (!journal_) adopt();
  to_relock_ = held_locks_.size();
  for (const auto& [at, ticket] : held_locks_) relock(ticket, false);
  return false;
}

void Run::relock(const store::Ticket& ticket, bool shown) {
  draw(ticket, [self = self_, ticket, shown](Result<bool> first) {
    if (!*self) return;
    Run& run = **self;
    if (!first) return run.broken(first.error());
    if (*first) {
      if (shown) run.hide_waiting(ticket.place);
      if (--run.to_relock_ > 0) return;
      run.relocked_ = true;
      return run.callbacks_.ready(run);
    }
    if (!shown) {
      std::string what;
      JsonWriter(what).begin_object().field("name", ticket.lock).end_object();
      run.show_waiting({run.id_, ticket.place, "lock", what, "", run.shared_.clock.wall_ms()});
    }
    run.relock_timers_.push_back(start_timer(run.shared_.loop, kBetweenLooks, [self, ticket] {
      if (*self) (*self)->relock(ticket, true);
    }));
  });
}

}  // namespace engine::runs
