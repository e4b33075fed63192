// One timer, armed for the earliest deadline.
#include "engine/ops/deadlines.h"

#include <algorithm>

#include "engine/loop/timer.h"

namespace engine::ops {

namespace {
constexpr int64_t kNanosPerMilli = 1'000'000;
// The loop's timer stands still while the machine sleeps; the deadlines do not.
constexpr int64_t kBetweenLooksMs = 1000;
}  // namespace

Deadlines::Entry Deadlines::add(Millis delay, Callback passed) {
  const int64_t at = clock_.boot_ns() + delay.count() * kNanosPerMilli;
  const Entry entry = entries_.emplace(at, std::move(passed));
  if (!timer_ || at < armed_for_) arm();
  return entry;
}

void Deadlines::remove(Entry entry) {
  entries_.erase(entry);
  if (entries_.empty()) timer_.reset();
}

void Deadlines::arm() {
  armed_for_ = entries_.begin()->first;
  const int64_t left = std::max<int64_t>(0, armed_for_ - clock_.boot_ns());
  const int64_t left_ms = (left + kNanosPerMilli - 1) / kNanosPerMilli;
  timer_ = start_timer(loop_, Millis(std::min(left_ms, kBetweenLooksMs)), [this] { fire(); });
}

void Deadlines::fire() {
  timer_.reset();
  while (!entries_.empty() && entries_.begin()->first <= clock_.boot_ns()) {
    Callback passed = std::move(entries_.begin()->second);
    entries_.erase(entries_.begin());
    passed();
  }
  if (!entries_.empty() && !timer_) arm();
}

}  // namespace engine::ops
