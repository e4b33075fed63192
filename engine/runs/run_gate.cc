// Whether a run's script may go on, or waits, or does not begin at all.
#include "engine/runs/run_gate.h"

#include <limits>

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/log.h"
#include "engine/base/text.h"
#include "engine/loop/timer.h"
#include "engine/runs/entries.h"
#include "engine/store/mail.h"
#include "engine/store/standstill.h"

namespace engine::runs {

namespace {

constexpr size_t kValueBytesMax = 64;
constexpr size_t kNamedMax = 5;
constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
// How long it takes to notice that a process is gone: nobody tells.
constexpr Millis kBetweenLooks{1000};

const std::string kPlace(store::kQueue);

std::string value_of(const std::string& params, const std::string& name) {
  const Result<JsonDocument> given = read_json(params);
  const auto value = given ? json_member(given->root(), name) : std::nullopt;
  return value ? json_text(*value) : "null";
}

std::vector<std::string> names_of(const std::vector<store::Next>& others) {
  std::vector<std::string> names;
  for (const store::Next& other : others) {
    if (names.size() < kNamedMax) names.push_back(other.run);
  }
  return names;
}

// The oldest of those ahead are asked to end, so that what is left of them leaves a seat; each
// once, since a second cancel would kill it.
Result<std::vector<store::Next>> replace(store::Database& db, const store::Ticket& ticket,
                                         int64_t now_ms, const store::IsAlive& is_alive) {
  auto ahead = store::ahead_of(db, ticket.run, ticket.place, now_ms, is_alive, kAll);
  if (!ahead) return ahead;
  std::vector<store::Next> told;
  const size_t enough = ahead->size() - static_cast<size_t>(ticket.limit) + 1;
  for (size_t i = 0; i < enough; ++i) {
    const store::Next& other = (*ahead)[i];
    const Result<bool> already = store::is_cancelled(db, other.run);
    if (!already) return fail(already.error());
    if (*already) continue;
    store::Mail mail;
    mail.run = other.run;
    mail.kind = "cancel";
    JsonWriter(mail.data).begin_object().field("why", "a newer run replaces it").end_object();
    mail.sender = "run:" + ticket.run;
    mail.at_ms = now_ms;
    if (Result<int64_t> sent = store::send_mail(db, mail); !sent) return fail(sent.error());
    told.push_back(other);
  }
  return told;
}

}  // namespace

Error cancelled_by(std::string_view by, const std::string& why) {
  return Error(code::kCancelled,
               "cancelled by " + std::string(by) + (why.empty() ? "" : ": " + why));
}

// What was queued when its process died has not begun, and a seat of a runbook is taken with an
// entry; any other run that is recorded has begun. What is half done can only wait.
Run::Gate::Gate(Run& run)
    : run_(run), on_conflict_(run.interpreter_->info().concurrency.on_conflict) {
  if (run_.replay_) {
    const Recorded& recorded = run_.replay_->recorded();
    begun_ =
        run_.resumption_->new_attempt || recorded.begun || (!recorded.queued && !wants_ticket());
    if (begun_ || on_conflict_ == Conflict::replace) on_conflict_ = Conflict::queue;
  }
  if (run_.request_.goes_on) on_conflict_ = Conflict::queue;
}

Run::Gate::~Gate() { *self_ = nullptr; }

bool Run::Gate::wants_ticket() const {
  return info().concurrency.limit > 0 && !run_.request_.dry_run && run_.called_ == nullptr;
}

// No lock that a person names begins like that.
std::string Run::Gate::group() const {
  const std::string& by = info().concurrency.by;
  std::string name = "\n" + run_.scope_;
  if (by.empty()) return name;
  const std::string value = value_of(run_.params_, by);
  return name + "\n" + (value.size() <= kValueBytesMax ? value : sha256_hex(value));
}

store::Ticket Run::Gate::ticket() const {
  return {group(), run_.id_, kPlace, 0, info().concurrency.limit};
}

void Run::Gate::pass(Callback opened) {
  opened_ = std::move(opened);
  go_on();
}

// An attempt that is not recorded yet draws no ticket.
void Run::Gate::go_on() {
  if (!has_ticket() && run_.journal_) return draw();
  if (!has_seat_ && !take_seat()) return show_queued({});
  open();
}

void Run::Gate::draw() {
  run_.drew_tickets_ = true;
  if (std::exchange(has_seat_, false)) leave_seat();  // else two could wait for each other
  if (!hold_) hold_ = run_.shared_.loop.hold();
  look_.reset();
  if (run_.journal_->dirty()) run_.journal_->barrier([](Result<void>) {});
  auto found = std::make_shared<Drawn>();
  run_.shared_.store.write(
      [found, ticket = ticket(), on_conflict = on_conflict_, now = run_.shared_.clock.wall_ms(),
       child = run_.parent_ != 0,
       &store = run_.shared_.store](store::Transaction& transaction) -> Result<void> {
        store::Database& db = transaction.db();
        const auto is_alive = [&store](int64_t epoch) { return store.is_alive(epoch); };
        auto ahead = store::draw_ticket(db, ticket, now, is_alive);
        if (!ahead) return fail(ahead.error());
        found->ahead = std::move(*ahead);
        if (found->ahead.empty()) return {};
        if (child) {
          const Result<bool> for_ever =
              store::waits_for_ever(db, ticket.run, ticket.place, is_alive);
          if (!for_ever) return fail(for_ever.error());
          found->for_ever = *for_ever;
        }
        if (on_conflict == Conflict::queue) return {};
        auto told = on_conflict == Conflict::replace
                        ? replace(db, ticket, now, is_alive)
                        : store::return_tickets(db, ticket.run, ticket.place, now);
        if (!told) return fail(told.error());
        found->told = std::move(*told);
        return {};
      },
      [self = self_, found](Result<void> committed) {
        if (!*self || !(*self)->closed() || (*self)->has_ticket_) return;
        if (!committed) return (*self)->run_.broken(committed.error());
        (*self)->drawn(std::move(*found));
      });
}

void Run::Gate::drawn(Drawn drawn) {
  for (const store::Next& other : drawn.told) run_.callbacks_.mailed(other.run, other.owner);
  if (drawn.ahead.empty()) {
    has_ticket_ = true;
    return go_on();
  }
  if (drawn.for_ever || on_conflict_ == Conflict::skip || on_conflict_ == Conflict::fail)
    return give_up(drawn.ahead);
  on_conflict_ = Conflict::queue;  // who is in the way has been told
  show_queued(drawn.ahead);
  await();
}

void Run::Gate::give_up(const std::vector<store::Next>& ahead) {
  std::string runs;
  for (const std::string& name : names_of(ahead)) runs += (runs.empty() ? "" : ", ") + name;
  const lua::Concurrency& bounds = info().concurrency;
  std::string message = "run " + runs + (ahead.size() == 1 ? " goes" : " go") + " on, and " +
                        run_.runbook_ + " lets no more than " + std::to_string(bounds.limit) +
                        " of its runs go on at a time";
  if (!bounds.by.empty())
    message += " for " + bounds.by + " = " + shortened(value_of(run_.params_, bounds.by), 60);
  const bool skips = on_conflict_ == Conflict::skip;
  end(skips ? "skipped" : "failed",
      Error(code::kConflict, (skips ? "skipped: " : "") + message,
            "start it again when that has ended, or end it: engine cancel " + ahead.front().run));
}

// Mail tells that somebody has gone; a process that died tells nobody.
void Run::Gate::await() {
  run_.mailbox_.forget(kPlace);
  Mailbox::Wait wait{kPlace, "lock", kPlace};
  wait.given = [self = self_](const store::Mail&) {
    if (!*self) return;
    (*self)->run_.mailbox_.accept(kPlace);
    (*self)->draw();
  };
  look_ = start_timer(run_.shared_.loop, kBetweenLooks, [this] { look(); });
  run_.mailbox_.wait(std::move(wait));
  run_.mailbox_.give();
}

// Nothing is written where nothing has changed.
void Run::Gate::look() {
  look_.reset();
  store::Store& store = run_.shared_.store;
  const Result<store::Database*> db = store.reader();
  const auto is_alive = [&store](int64_t epoch) { return store.is_alive(epoch); };
  const int64_t limit = info().concurrency.limit;
  const auto ahead =
      db ? store::ahead_of(**db, run_.id_, kPlace, run_.shared_.clock.wall_ms(), is_alive, limit)
         : fail(db.error());
  if (!ahead) log::warn("runs", "the queue of run " + run_.id_ + ": " + ahead.error().message);
  if (ahead && static_cast<int64_t>(ahead->size()) < limit) return draw();
  look_ = start_timer(run_.shared_.loop, kBetweenLooks, [this] { look(); });
}

// Whoever waits for a child, or for a lock, would wait for ever if who is waited for stood in the
// queue behind it.
bool Run::Gate::take_seat() {
  if (run_.parent_ != 0 || (run_.resumption_ && run_.resumption_->holds_locks)) {
    run_.shared_.queue->seats.take_beyond(*this);
    return has_seat_ = true;
  }
  Queue& queue = *run_.shared_.queue;
  const Priority priority = info().priority;
  const auto line = queue.lines.try_emplace({priority, run_.runbook_}, priority).first;
  has_seat_ = queue.seats.take(*this, line->second);
  if (!has_seat_ && !hold_) hold_ = run_.shared_.loop.hold();
  return has_seat_;
}

void Run::Gate::seat_given() {
  has_seat_ = true;
  run_.shared_.loop.defer([self = self_] {
    if (*self && (*self)->closed()) (*self)->go_on();
  });
}

// A new attempt is not recorded before its replay agrees.
void Run::Gate::show_queued(const std::vector<store::Next>& ahead) {
  if (!run_.journal_ || std::exchange(shown_, true)) return;
  const int64_t now = run_.shared_.clock.wall_ms();
  run_.journal_->show(entries::queued(names_of(ahead), now));
  run_.journal_->barrier([](Result<void>) {});
  run_.shown_waiting_ = true;
  std::string what;
  JsonWriter out(what);
  out.begin_object().field("runbook", run_.runbook_);
  const lua::Concurrency& bounds = info().concurrency;
  out.field("limit",
            ahead.empty() ? static_cast<int64_t>(run_.shared_.queue->seats.limit()) : bounds.limit);
  if (ahead.empty()) out.field("process", true);
  if (!ahead.empty() && !bounds.by.empty()) out.field("by", bounds.by);
  out.end_object();
  run_.journal_->write_beside([waiting = store::Waiting{run_.id_, kPlace, kPlace, std::move(what),
                                                        "", now}](store::Transaction& transaction) {
    return store::put_waiting(transaction.db(), waiting);
  });
}

void Run::Gate::show_begun() {
  Journal& journal = *run_.journal_;
  if (shown_) {
    journal.write_beside([id = run_.id_](store::Transaction& transaction) {
      return store::remove_waiting(transaction.db(), id, kPlace);
    });
  }
  if (std::exchange(begun_, true)) return;
  if (!shown_ && !has_ticket_ && !run_.replay_) return;  // its start entry tells
  const int64_t now = run_.tick();
  run_.started_at_ms_ = run_.began_at_ms_ = now;
  run_.began_stepped_ms_ = run_.stepped_ms_;
  journal.show(entries::began(now));
  journal.write_beside([id = run_.id_, now](store::Transaction& transaction) {
    return store::begin_run(transaction.db(), id, now);
  });
}

void Run::Gate::open() {
  run_.mailbox_.forget(kPlace);
  look_.reset();
  hold_.reset();
  if (run_.journal_) show_begun();
  Callback opened = std::move(opened_);
  opened_ = nullptr;
  opened();
}

bool Run::Gate::cancel(std::string_view by, const std::string& why, int64_t mail) {
  if (!closed()) return false;
  if (begun_) {
    run_.cancels_.push_back({std::string(by), why, mail});
    if (run_.drew_tickets_ && !has_ticket_) run_.return_tickets(kPlace);
    if (!has_seat_) {
      leave_seat();
      run_.shared_.queue->seats.take_beyond(*this);
      has_seat_ = true;
    }
    open();
    return true;
  }
  const Error reason = cancelled_by(by, why);
  run_.cancelled_ = true;
  run_.journal_->show(entries::cancel(by, reason, mail, run_.tick()));
  end("cancelled", reason);
  return true;
}

bool Run::Gate::fail_with(const Error& error) {
  if (!closed()) return false;
  if (begun_) {
    open();
    return false;
  }
  end("failed", error);
  return true;
}

// The script is not asked.
void Run::Gate::end(std::string state, const Error& reason) {
  run_.mailbox_.forget(kPlace);
  look_.reset();
  hold_.reset();
  opened_ = nullptr;
  leave_seat();
  run_.ended_ = true;
  Outcome outcome;
  outcome.id = run_.id_;
  outcome.runbook = run_.runbook_;
  outcome.state = std::move(state);
  outcome.started_at_ms = run_.started_at_ms_;
  outcome.finished_at_ms = run_.tick();
  append_error_json(outcome.error, reason);
  run_.record_end(std::move(outcome));
}

// A new attempt takes its seat among its runbook's runs when its replay agrees. While nobody
// carried it, others may have taken that.
bool Run::has_its_seats() {
  if (gate_->has_ticket() || !cancels_.empty()) return has_its_locks();
  if (gate_->closed()) return false;
  if (!journal_) adopt();
  gate_->pass([this] { callbacks_.ready(*this); });
  return false;
}

}  // namespace engine::runs
