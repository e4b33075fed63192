// One execution of a runbook: its script, what the script may reach, and its record.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/seal.h"
#include "engine/lua/interpreter.h"
#include "engine/ops/deadlines.h"
#include "engine/ops/invoker.h"
#include "engine/ops/secrets.h"
#include "engine/runs/code.h"
#include "engine/runs/inside.h"
#include "engine/runs/journal.h"
#include "engine/runs/library.h"
#include "engine/runs/mailbox.h"
#include "engine/runs/replay.h"
#include "engine/runs/resumption.h"
#include "engine/runs/runner.h"
#include "engine/store/children.h"
#include "engine/store/tickets.h"

namespace engine::runs {

// The runs of a process that are alive at once, and those that are over that, a line for each
// runbook.
struct Queue {
  Seats seats;
  std::map<std::pair<Priority, std::string>, Seats::Line> lines;
};

// What all runs of a process share.
struct Shared {
  Loop& loop;
  store::Store& store;
  ops::Registry& registry;
  ops::Invoker& invoker;
  ops::Secrets& secrets;
  const Library& library;
  const Clock& clock;
  ops::Deadlines deadlines;
  JournalSize journal_max;
  Seal seal;  // for what the journal must not tell
  FollowSource follow;
  std::unique_ptr<Queue> queue;
  const int64_t boot = clock.boot_key();
};

class Run : public lua::Outside, public ops::Caller {
 public:
  using Finished = std::move_only_function<void(Result<Outcome>)>;
  struct Callbacks {
    Watch watch;
    Finished finished;                    // after the end is durable
    std::function<void(Run& run)> ready;  // it wants a turn
    // Starts the run that goes on with these parameters, and answers its id.
    std::function<Result<std::string>(Run& run, const std::string& params)> go_on;
    // There is mail for a run, which may be alive here; else `owner` is who carries it.
    std::function<void(const std::string& run, int64_t owner)> mailed;
    // Makes a run that is to be started by another one, and begins it once it is in the store.
    std::function<Result<std::unique_ptr<Run>>(StartRequest request)> prepare;
    std::function<void(std::unique_ptr<Run> run, const store::AddedRun& as)> carry;
    // `run` is awaited by `by`, which is told of its end; where nobody carries it, it is taken up.
    std::function<Result<void>(const std::string& run, const std::string& by)> see_to;
    std::function<void(Run& run)>
        over;  // it is recorded; may be destroyed once this turn of the loop has ended
  };

  Run(Shared& shared, StartRequest request, Callbacks callbacks);
  // A run that exists: its past is replayed, then it goes on.
  Run(Shared& shared, Resumption resumption, Callbacks callbacks);
  ~Run() override;

  // Compiles the runbook, checks parameters and permissions. Nothing is recorded when that fails.
  Result<void> load(const Source& source, const lua::Limits& limits);
  // The same for a person's own call: the arguments are taken as they are, and the script may do
  // whatever the operator's configuration leaves to a person.
  Result<void> load_call(const ops::Operation& op, const std::string& args, const Source& source,
                         const lua::Limits& limits);
  // The same for a run that exists, from the texts that it has taken.
  Result<void> load_again(const lua::Limits& limits);
  void start();

  lua::Turn turn(std::chrono::nanoseconds slice);
  // `mail`: which of its mail asked for it, or 0; `why`: beside that somebody did.
  void cancel(std::string_view by, int64_t mail = 0, const std::string& why = "");
  // Reads what has been sent to it.
  void look_for_mail();
  // Sees what has become of the runs that it waits for.
  void look_at_children();
  // What the store is told of it at its start.
  store::NewRun row() const;
  std::string first_entry() const;
  // It is in the store, and nobody carries it.
  void take_up(const store::AddedRun& as);
  // The key of the run that it belongs to, or 0.
  int64_t parent() const { return parent_; }
  void belong_to(int64_t parent) { parent_ = parent; }
  // False where its end could not be recorded.
  bool end_is_recorded() const { return end_recorded_; }
  void flush() {
    if (journal_) journal_->flush();
  }
  // What it waits for, where it waits for nothing but times and mail, so that it can leave memory.
  // Nothing where it will not wait for `shortest`.
  std::optional<store::Parking> parking(Millis shortest) const;
  // Hands it to the store; afterwards it may be destroyed at any time.
  void park(store::Parking parking, store::Committed committed);
  bool dirty() const { return journal_ && journal_->dirty(); }
  // Nothing of it is on its way to whoever looks on; asks for what is left to be sent.
  bool has_shown_all();
  bool awaits_commit() const { return journal_ && journal_->unconfirmed() > 0; }
  const std::string& id() const { return id_; }
  int attempt() const { return attempt_; }
  // Its runbook, as it is now; as it was, where the file is gone.
  Source present_source() const;
  const StartRequest& request() const { return request_; }
  Callbacks& callbacks() { return callbacks_; }
  // The runner's notes: it stands in a queue for a turn; since when it waits.
  bool queued = false;
  std::chrono::steady_clock::time_point idle_since;

  // lua::Outside
  TaskPtr call(const lua::Place& place, std::string_view operation, std::string args, int step,
               const lua::Position& at, Done done) override;
  TaskPtr word(const lua::Place& place, std::string_view word, std::string args, int step,
               const lua::Position& at, Done done) override;
  void taken(std::string_view task, int number) override;
  Result<std::string> ended(const lua::Place& place, Result<std::string> outcome) override;
  TaskPtr wait(const lua::Place& place, int64_t delay_ms, std::string_view word,
               const lua::Position& at, Done done) override;
  TaskPtr wait_till(const lua::Place& place, int64_t till_ms, const lua::Position& at,
                    Done done) override;
  TaskPtr deadline(const lua::Place& place, int64_t delay_ms, Done done) override;
  void step_opened(int id, int parent, std::string_view name, const lua::Position& at) override;
  void step_closed(int id, const Error* error) override;
  void retrying(int step, int next, int attempts, int64_t delay_ms, const Error& error) override;
  void log(std::string_view level, std::string_view message, std::string fields, int step) override;
  void report(std::string json) override;
  int doubts() override { return doubts_; }
  int64_t now_ms() override { return now_ms_; }
  uint64_t random_seed() override;
  Result<void> continue_as(std::string params) override;
  Result<Module> module(std::string_view name, std::string_view from) override;
  Module plugin(const ops::Operation& operation) override;
  std::string_view own(std::string_view name) override { return *code_.own(name).text; }

  // ops::Caller
  const ops::Permissions& permissions() const override { return permissions_; }
  bool dry_run() const override { return request_.dry_run; }
  const std::string& run_id() const override { return id_; }
  const std::string& scope() const override { return scope_; }
  Seats::Line& line() override { return line_; }
  void intend(const ops::Call& call, std::move_only_function<void(Result<void>)> go) override;
  void entered(const ops::Call& call, std::string_view settings, Millis timeout) override;
  void ended(const ops::Call& call, Result<std::string>& outcome) override;
  void transact(const ops::Call& call, const ops::Transact& transact, ops::CallInput input,
                Done done) override;
  void progress(const ops::Call& call, std::string_view json) override;

 private:
  // Before the script goes on, in run_gate.cc.
  class Gate;
  void begin_script();
  bool has_its_seats();

  Result<void> compile(const Source& source, const lua::Limits& limits);
  Result<void> permit();
  Result<void> check_secrets(const std::vector<ops::Field>& params, std::string_view given) const;
  // Who calls: this run, or a Lua plugin's operation within it.
  ops::Caller& caller(const ops::Operation* within);
  void end_bodies();
  // What the journal may keep of an answer with sensitive fields; nothing for any other.
  std::optional<Result<std::string>> without_sensitive(const ops::Call& call,
                                                       Result<std::string>& outcome) const;
  void reach(int64_t at);
  int64_t tick();  // the time of a delivery, which the run's own clock shows from now on
  void pin(const store::SourceText& text);
  void show(std::string entry);
  void raise(std::string_view by, const Error& reason, int64_t mail = 0);
  void limit_time(Millis left);
  bool journal_is_full();
  void broken(const Error& error);
  void end();
  void record_end(Outcome outcome);
  void go_on(Outcome& outcome);
  std::string error_json(const lua::Failure& failure) const;

  ops::Call call_at(const lua::Place& place, std::string_view operation, std::string args, int step,
                    const lua::Position& at) const;
  TaskPtr begin(const ops::Operation* within, ops::Call call, Done done);

  // Control words, in run_words.cc.
  class Word;
  TaskPtr begin_word(ops::Call call, Done done);
  void rehearse_word(Word& word);
  void send_signal(Word& word);
  void await_mail(Word& word);
  void wait_in_public(Word& word);
  void show_waiting(store::Waiting waiting);
  void hide_waiting(const std::string& place);
  void word_dropped(const Word& word);
  void word_ended(ops::Call& call, const Result<std::string>& outcome);
  void read_mail();
  void bound(Word& word);
  void clear_waiting();

  // Events, in run_events.cc.
  void note_event_wait(const ops::Call& call);
  plugin::FollowOptions event_options(const Word& word);
  void await_event(Word& word);
  void happened(Word& word, const plugin::Event& event);
  void backend_is(Word& word, const std::string& away);
  void event_taken(const std::string& place);

  // Child runs, in run_children.cc.
  Result<std::unique_ptr<Run>> prepare_child(Word& word);
  void note_start(const ops::Call& call);
  void start_child(Word& word);
  void await_child(Word& word);
  void look_at_child(Word& word);
  void stop_child(Word& word);
  void watch_child(Word& word);
  void end_child(const std::string& child, Callback asked);
  void end_children();
  void tell(std::function<Result<std::vector<store::Next>>(store::Database&)> change,
            Callback done);

  // Locks, in run_locks.cc.
  void draw(const store::Ticket& ticket, std::move_only_function<void(Result<bool>)> drawn);
  void take_lock(Word& word);
  void try_lock(Word& word);
  void await_turn(Word& word);
  void unlock(Word& word);
  void return_tickets(const std::string& place);
  void note_lock(const ops::Call& call);
  void lock_taken(const std::string& place);
  bool has_its_locks();
  void relock(const store::Ticket& ticket, bool shown);

  // Waits for a time, in run_waits.cc.
  class Wait;
  struct Delay {
    int64_t recorded_ms = 0;      // as the script meant it
    int64_t really_ms = 0;        // from now on; a dry run does not wait
    bool bounds = false;          // it is no wait of a task, but ends one
    std::optional<int64_t> till;  // by the wall clock
    std::string word, line;       // what others are told; empty: nothing
  };
  TaskPtr delay(const lua::Place& place, Delay delay, Done done);
  TaskPtr begin_delay(const lua::Place& place, const Delay& delay, Done done);
  // The wall clock as if it had never been set, to be compared with times of which is known how far
  // it had been set by then.
  int64_t unstepped_ms() const { return shared_.clock.wall_ms() - stepped_ms_; }
  void note_clock();
  store::Clocks clocks() const { return {shared_.boot, ahead_ms_ - stepped_ms_}; }

  // The replay's half, in run_replay.cc.
  bool replaying() const { return replay_ && !replay_->live(); }
  bool silent() const { return replay_ && replay_->fault(); }
  lua::Turn replay(std::chrono::nanoseconds slice);
  bool deliver_next();
  Result<std::string> begun_again(const RecordedCall& known, const std::string& given);
  void rehearse_again(const ops::Operation& op, const ops::Call& call);
  TaskPtr ask(const lua::Place& place, ops::Call call, Done done);
  void dropped(const std::string& place);
  bool repeats_end(const ops::Call& call);
  void go_live();
  void adopt();
  void open_journal(store::Adoption adoption, JournalSize size);

  Shared& shared_;
  StartRequest request_;
  Callbacks callbacks_;
  std::string id_;
  std::string runbook_, file_, source_;
  std::string scope_;   // whose state it is: the runbook's, or that of all calls by hand
  std::string params_;  // what the script is given; `request_` has what is recorded
  const ops::Operation* called_ = nullptr;  // by a person, and nothing else
  std::optional<std::string> next_params_;
  Code code_;
  ops::Permissions permissions_;
  Seats::Line line_;
  std::map<const ops::Operation*, std::unique_ptr<ops::Caller>> insides_;
  std::map<std::string, ops::Call> bodies_;  // by place: scripted operations that have not ended
  std::optional<Resumption> resumption_;     // a run that existed before
  std::optional<Replay> replay_;
  std::optional<Journal> journal_;
  std::vector<std::string> unrecorded_;      // said before the journal is open
  std::vector<store::SourceText> unpinned_;  // taken before
  struct Cancel {
    std::string by, why;
    int64_t mail = 0;
  };
  std::vector<Cancel> cancels_;  // asked for during the replay
  std::unique_ptr<Gate> gate_;
  Mailbox mailbox_;
  std::map<std::string, Word*> words_;  // by place
  std::set<Wait*> waits_;
  int64_t stepped_ms_ = 0;  // how far the wall clock was set, as the journal tells
  int64_t ahead_ms_ = 0;    // of the machine's own, as it was looked at last
  std::map<std::string, store::Ticket> asked_locks_;  // by place, that the script waits for
  std::map<std::string, store::Ticket> held_locks_;   // by the place that others know
  bool drew_tickets_ = false;
  std::map<std::string, std::string> event_cursors_;  // by source: of what the script was given
  std::map<std::string, std::string> events_behind_;  // by the place that waits: where it began
  bool relocking_ = false, relocked_ = false;         // after a replay
  size_t to_relock_ = 0;
  std::vector<TaskPtr> relock_timers_;
  std::optional<store::Adoption> added_;  // a new run that has its row and its first entry
  int64_t parent_ = 0;
  bool has_children_ = false;     // or may have some
  std::set<std::string> starts_;  // places where the script starts a child that is not detached
  bool end_recorded_ = false;
  bool shown_waiting_ = false;  // the store says, or may say, what it waits for
  std::unique_ptr<lua::Interpreter> interpreter_;
  std::optional<ops::Deadlines::Entry> deadline_;  // of the whole run
  int attempt_ = 1;
  int64_t started_at_ms_ = 0;
  int64_t began_at_ms_ = 0;  // the attempt
  int64_t began_stepped_ms_ = 0;
  int64_t now_ms_ = 0;      // what the script sees: the last delivery's time, but never goes back
  int64_t reached_ms_ = 0;  // the same on a wall clock that was never set
  bool cancelled_ = false;
  bool out_of_bounds_ = false;  // of its time or of its journal
  bool ended_ = false;
  int doubts_ = 0;
  std::optional<Error> store_error_;
  std::shared_ptr<Run*> self_;  // null once this object is gone
};

}  // namespace engine::runs
