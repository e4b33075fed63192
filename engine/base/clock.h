// Where time comes from; injected everywhere, so that tests own it.
#pragma once

#include <cstdint>
#include <string>

namespace engine {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t wall_ms() const = 0;  // since 1970
  virtual int64_t boot_ns() const = 0;  // CLOCK_BOOTTIME: monotonic, counts suspend
  virtual std::string boot_id() const;  // another after each start of the machine
  int64_t ahead_ms() const { return wall_ms() - boot_ns() / 1'000'000; }  // of the machine's own
  int64_t boot_key() const;  // the boot's id as a number
};

// The machine's own clocks.
const Clock& system_clock();

}  // namespace engine
