// Where time comes from; injected everywhere, so that tests own it.
#pragma once

#include <cstdint>

namespace engine {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t wall_ms() const = 0;  // since 1970
  virtual int64_t boot_ns() const = 0;  // CLOCK_BOOTTIME: monotonic, counts suspend
};

// The machine's own clocks.
const Clock& system_clock();

}  // namespace engine
