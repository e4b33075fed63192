// A timer that is set and set again, for libraries that want to be woken.
#pragma once

#include "engine/loop/loop.h"

namespace engine {

class Alarm {
 public:
  Alarm(Loop& loop, Callback rings);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Rings once after the delay, never inside this call; replaces what was set before.
  void set(Millis delay);
  void clear();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine
