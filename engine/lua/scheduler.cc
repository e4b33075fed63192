// The turns of a run. All that a script can tell apart follows from the order of deliveries.
#include "engine/lua/scheduler.h"

#include <algorithm>

#include "engine/lua/coroutine.h"
#include "engine/lua/group.h"

namespace engine::lua {

Done Scheduler::done(Waiter& waiter) {
  return [this, &waiter](Result<std::string> result) { deliver(waiter, std::move(result)); };
}

void Scheduler::deliver(Waiter& waiter, Result<std::string> result) {
  deliveries_.push_back({&waiter, std::move(result), state_.outside.now_ms()});
  if (on_ready) on_ready();
}

void Scheduler::forget(const Waiter& waiter) {
  for (Delivery& delivery : deliveries_) {
    if (delivery.waiter == &waiter) delivery.waiter = nullptr;
  }
}

void Scheduler::ready(Coroutine& task) { ready_.push_back(&task); }

void Scheduler::forget(const Coroutine& task) {
  if (current_ == &task) current_ = nullptr;
  std::erase(ready_, &task);
}

bool Scheduler::step() {
  // Ready tasks come first: how far a run has got when the next delivery is taken must not depend
  // on when that came.
  if (!current_ && !ready_.empty()) {
    current_ = ready_.front();
    ready_.pop_front();
  }
  if (Coroutine* task = current_) {
    task->resume();
    if (task->sliced()) return true;
    current_ = nullptr;
    if (task->ended() && task->parent && !state_.fatal) task->parent->member_ended(*task);
    return true;
  }
  if (deliveries_.empty()) return false;
  Delivery delivery = std::move(deliveries_.front());
  deliveries_.pop_front();
  if (!delivery.waiter) return true;
  state_.now_ms = std::max(state_.now_ms, delivery.at_ms);
  delivery.waiter->delivered(std::move(delivery.result));
  return true;
}

Turn Scheduler::run(std::chrono::nanoseconds slice, const Coroutine& main) {
  SteadyTime at = std::chrono::steady_clock::now();
  state_.turn_began = at;
  state_.slice_end = at + slice;
  Turn turn = Turn::sliced;
  do {
    if (main.ended() || state_.fatal) {
      turn = Turn::finished;
      break;
    }
    if (!step()) {
      turn = Turn::idle;
      break;
    }
    at = std::chrono::steady_clock::now();
  } while (at < state_.slice_end);
  if (main.ended() || state_.fatal) turn = Turn::finished;
  state_.cpu_used += at - state_.turn_began;
  return turn;
}

}  // namespace engine::lua
