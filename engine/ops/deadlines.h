// Many deadlines, one timer: what a call costs for having a timeout is an entry in a sorted map.
#pragma once

#include <map>

#include "engine/base/clock.h"
#include "engine/loop/loop.h"

namespace engine::ops {

class Deadlines {
 public:
  Deadlines(Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}

  using Entry = std::multimap<int64_t, Callback>::iterator;
  Entry add(Millis delay, Callback passed);
  // Only before it has passed: `passed` is told by being called, and its entry is gone then.
  void remove(Entry entry);

 private:
  void arm();
  void fire();

  Loop& loop_;
  const Clock& clock_;
  std::multimap<int64_t, Callback> entries_;  // boot time in ns -> what to do
  TaskPtr timer_;
  int64_t armed_for_ = 0;
};

}  // namespace engine::ops
