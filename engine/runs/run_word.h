// A control word that reaches out of a run, from the moment it is said live; for the run's own
// files.
#pragma once

#include "engine/base/json_read.h"
#include "engine/loop/timer.h"
#include "engine/runs/run.h"
#include "engine/store/mail.h"
#include "engine/store/tickets.h"

namespace engine::runs {

// By which others answer it: what is asked in one attempt is not answered in the next.
std::string public_place(int attempt, const std::string& place);
// "fix.lua:12"
std::string shown(const lua::Position& at);

class Run::Word : public Task {
 public:
  Word(Run& run, ops::Call said, Done done)
      : run(run),
        call(std::move(said)),
        done(std::move(done)),
        place(place_key(call.task, call.number)),
        public_place(runs::public_place(call.attempt, place)),
        args(std::move(*read_json(call.args))) {
    run.words_[place] = this;
  }
  ~Word() override {
    *self = nullptr;
    run.words_.erase(place);
    if (deadline) run.shared_.deadlines.remove(*deadline);
    run.word_dropped(*this);
  }

  void answer(Result<std::string> outcome) {
    if (deadline) run.shared_.deadlines.remove(*deadline);
    deadline.reset();
    hold.reset();
    look.reset();
    refused = !outcome;
    run.word_ended(call, outcome);
    Done last = std::move(done);
    last(std::move(outcome));
  }
  bool waits_for_mail() const {
    return done && is_public &&
           (call.operation == "approve" || json_member(args.root(), "signal").has_value());
  }
  template <class Function>
  auto while_alive(Function function) {
    return [self = self, function = std::move(function)](auto&&... args) mutable {
      if (*self) function(**self, std::forward<decltype(args)>(args)...);
    };
  }

  Run& run;
  ops::Call call;
  Done done;
  const std::string place;         // within the run
  const std::string public_place;  // by which others answer: an approval is for one attempt
  const JsonDocument args;
  bool is_public = false;
  std::optional<ops::Deadlines::Entry> deadline;
  std::unique_ptr<Loop::Hold> hold;  // somebody will ring
  TaskPtr look;                      // of a lock's
  bool refused = false;              // its answer is an error
  bool accepted = false;             // the script has the lock
  std::string cursor;                // of the event that it is answered with
  std::string away;                  // why the backend that it waits for is not followed
  std::string child;                 // that it waits for
  std::shared_ptr<Word*> self = std::make_shared<Word*>(this);
};

}  // namespace engine::runs
