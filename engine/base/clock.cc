// The kernel's clocks behind Clock.
#include "engine/base/clock.h"

#include <time.h>

#include <charconv>
#include <fstream>

#include "engine/base/hash.h"

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
  static const std::string id = [] {
    std::string read;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), read);
    return read;
  }();
  return id;
}

int64_t Clock::boot_key() const {
  constexpr size_t kDigits = 15;  // what a number has room for
  const std::string hash = sha256_hex(boot_id()).substr(0, kDigits);
  int64_t key = 0;
  std::from_chars(hash.data(), hash.data() + hash.size(), key, 16);
  return key;
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace engine
