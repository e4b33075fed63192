// Letting a loop go on until something is so, without having anything sent on its way for that.
#pragma once

#include <functional>

#include "engine/loop/timer.h"

namespace engine::test {

inline void await(Loop& loop, const std::function<bool()>& is) {
  bool done = false;
  TaskPtr pause;
  std::function<void()> look = [&] {
    done = is();
    if (done) return loop.stop();
    pause = start_timer(loop, Millis(1), look);
  };
  loop.defer(look);
  while (!done) loop.run();
}

}  // namespace engine::test
