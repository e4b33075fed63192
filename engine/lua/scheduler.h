// Whose turn it is within one run: ready tasks first, then what was delivered from outside, in the
// order it came.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include "engine/lua/interpreter.h"
#include "engine/lua/state.h"

namespace engine::lua {

// Something that waits for one delivery from outside.
class Waiter {
 public:
  // In a turn of the run. May make tasks ready, runs no Lua.
  virtual void delivered(Result<std::string> result) = 0;

 protected:
  ~Waiter() = default;
};

class Scheduler {
 public:
  explicit Scheduler(State& state) : state_(state) {}

  // Queues its result for `waiter`. Whoever drops the wait calls forget().
  Done done(Waiter& waiter);
  void deliver(Waiter& waiter, Result<std::string> result);
  void forget(const Waiter& waiter);

  void ready(Coroutine& task);
  void forget(const Coroutine& task);

  // Until the slice is over, nothing is left to do (idle), or the main task ended or a limit was
  // passed (finished).
  Turn run(std::chrono::nanoseconds slice, const Coroutine& main);

  State& state() { return state_; }
  std::function<void()> on_ready;
  int tasks = 0;   // alive
  int groups = 0;  // each is what one of these tasks waits for

 private:
  struct Delivery {
    Waiter* waiter;  // null: nobody waits for it any more
    Result<std::string> result;
    int64_t at_ms;
  };
  bool step();

  State& state_;
  Coroutine* current_ = nullptr;  // was cut by its slice: nothing overtakes it
  std::deque<Coroutine*> ready_;
  std::deque<Delivery> deliveries_;
};

}  // namespace engine::lua
