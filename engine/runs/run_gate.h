// What a run has to have before its script goes on: a seat among its runbook's runs, in all
// processes, and one among the runs of its process, as long as it is alive here. For the run's own
// files.
#pragma once

#include "engine/lua/runbook.h"
#include "engine/runs/run.h"
#include "engine/store/tickets.h"

namespace engine::runs {

Error cancelled_by(std::string_view by, const std::string& why);

class Run::Gate : private Seats::Seat {
 public:
  explicit Gate(Run& run);
  ~Gate() override;

  // Waits for what is missing; `opened` comes when nothing is, now or later.
  void pass(Callback opened);
  // Somebody waits here.
  bool closed() const { return static_cast<bool>(opened_); }
  // The run of a runbook with bounds has its seat, or needs none.
  bool has_ticket() const { return has_ticket_ || !wants_ticket(); }
  // Whether that was all: a run that had not begun ends, any other goes on to be cancelled.
  bool cancel(std::string_view by, const std::string& why, int64_t mail);
  // The same for an error of the store.
  bool fail_with(const Error& error);

 private:
  using Conflict = lua::Concurrency::Conflict;
  struct Drawn {
    std::vector<store::Next> ahead;
    std::vector<store::Next> told;  // that they are to end
    bool for_ever = false;          // who is ahead waits for this run
  };

  const lua::RunbookInfo& info() const { return run_.interpreter_->info(); }
  bool wants_ticket() const;
  std::string group() const;
  store::Ticket ticket() const;
  void go_on();
  void draw();
  void drawn(Drawn drawn);
  void give_up(const std::vector<store::Next>& ahead);
  void await();
  void look();
  bool take_seat();
  void seat_given() override;
  void show_queued(const std::vector<store::Next>& ahead);
  void show_begun();
  void open();
  void end(std::string state, const Error& reason);

  Run& run_;
  Callback opened_;
  bool begun_ = false;  // its script has
  Conflict on_conflict_;
  bool has_ticket_ = false;
  bool has_seat_ = false;
  bool shown_ = false;                // that it waits
  std::unique_ptr<Loop::Hold> hold_;  // somebody will ring
  TaskPtr look_;
  std::shared_ptr<Gate*> self_ = std::make_shared<Gate*>(this);
};

}  // namespace engine::runs
