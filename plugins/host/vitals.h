// The machine's pulse: processors, memory, load, uptime, and what it is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/host/proc.h"

namespace engine::host {

// Ticks since boot, in the order of /proc/stat: user nice system idle iowait irq softirq steal.
using CpuTicks = std::array<uint64_t, 8>;
struct CpuTimes {
  CpuTicks total{};
  std::vector<CpuTicks> cores;
  int64_t booted_at_s = 0;  // since 1970
};
Result<CpuTimes> read_cpu(const std::string& proc);
// What the processors did between two readings; `before` may be empty ticks: since boot.
std::string cpu_json(const CpuTimes& before, const CpuTimes& now);

struct Memory {
  uint64_t total = 0, available = 0, free = 0, cached = 0, swap_total = 0, swap_free = 0;  // bytes
};
Result<Memory> read_memory(const std::string& proc);
std::string memory_json(const Memory& memory);
std::string swap_json(const Memory& memory);

struct Load {
  double one = 0, five = 0, fifteen = 0;
  uint64_t running = 0, threads = 0;
};
Result<Load> read_load(const std::string& proc);
std::string load_json(const Load& load, size_t cpus);

Result<int64_t> read_uptime_ms(const std::string& proc);
std::string uptime_json(int64_t uptime_ms, int64_t now_ms);

// PRETTY_NAME of an os-release file; "Linux" where there is none.
std::string os_name(const std::string& os_release);

}  // namespace engine::host
