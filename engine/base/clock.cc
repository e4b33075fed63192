// The kernel's clocks behind Clock.
#include "engine/base/clock.h"

#include <time.h>

#include <fstream>

namespace engine {
namespace {

timespec read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return now;
}

class SystemClock final : public Clock {
 public:
  int64_t wall_ms() const override {
    const timespec now = read_clock(CLOCK_REALTIME);
    return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  }
  int64_t boot_ns() const override {
    const timespec now = read_clock(CLOCK_BOOTTIME);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }
};

}  // namespace

std::string Clock::boot_id() const {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  return id;
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace engine
