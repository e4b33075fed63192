// One call on its way down the road; the inside of the Invoker.
#pragma once

#include <memory>
#include <optional>

#include "engine/ops/invoker.h"

namespace engine::ops {

class Invocation : public Task, private Seats::Seat {
 public:
  Invocation(Invoker& invoker, Caller& caller, Call call, Done done);
  ~Invocation() override;

  void begin();

 private:
  Result<void> admit();  // known, well-formed, permitted
  // Goes on there when few enough are under way in the process.
  void when_free(void (Invocation::*next)());
  void seat_given() override;
  void look();
  void intend();
  void repeat();
  void preview();
  void rehearse();
  void plan(Result<std::string> preview);
  void after_intent(Result<void> recorded);
  void transact();
  void start(const Start& how);
  void enter();
  void recover();
  void probe();
  void settle(Result<std::string> answer);
  void end(Result<std::string> outcome);
  Error in_doubt() const;
  void timed_out();
  void finish(Result<std::string> outcome);
  void finish_later(Result<std::string> outcome);
  bool in_doubt_if_lost() const {
    return (started_ || call_.lost) && call_.effect != Effect::read && !call_.idempotent;
  }
  CallInput input() const;
  // Wraps a member so that it is not called once this object is gone.
  template <class... Args>
  auto while_alive(void (Invocation::*member)(Args...));

  Invoker& invoker_;
  Caller& caller_;
  Call call_;
  Done done_;
  const Operation* op_ = nullptr;
  std::string args_;            // checked and normalised
  std::optional<Error> doubt_;  // what its probe may yet turn into an answer
  void (Invocation::*when_free_)() = nullptr;
  bool started_ = false;
  bool finished_ = false;
  bool probing_ = false;
  TaskPtr work_;
  std::optional<Deadlines::Entry> deadline_;
  std::shared_ptr<Invocation*> self_;
};

}  // namespace engine::ops
