// Reads /proc/stat, meminfo, loadavg and uptime.
#include "plugins/host/vitals.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace engine::host {

namespace {

enum Tick { kUser, kNice, kSystem, kIdle, kIowait, kIrq, kSoftirq, kSteal };

std::unexpected<Error> odd(const std::string& path) {
  return fail(code::kFailed, path + " does not look as expected");
}

CpuTicks ticks_of(const std::vector<std::string_view>& parts) {
  CpuTicks ticks{};
  for (size_t i = 0; i < ticks.size() && i + 1 < parts.size(); ++i) {
    ticks[i] = number(parts[i + 1]).value_or(0);
  }
  return ticks;
}

// iowait and idle may run backwards by a tick or two; a difference is never negative.
CpuTicks since(const CpuTicks& before, const CpuTicks& now) {
  CpuTicks passed{};
  for (size_t i = 0; i < now.size(); ++i) passed[i] = now[i] > before[i] ? now[i] - before[i] : 0;
  return passed;
}

double share(const CpuTicks& ticks, std::initializer_list<Tick> kinds) {
  const auto all = std::accumulate(ticks.begin(), ticks.end(), uint64_t{0});
  uint64_t part = 0;
  for (const Tick kind : kinds) part += ticks[kind];
  return percent(static_cast<double>(part), static_cast<double>(all));
}

double usage(const CpuTicks& ticks) {
  return share(ticks, {kUser, kNice, kSystem, kIrq, kSoftirq, kSteal});
}

}  // namespace

Result<CpuTimes> read_cpu(const std::string& proc) {
  const std::string path = proc + "/stat";
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  CpuTimes times;
  bool found = false;
  for (const auto line : lines(*text)) {
    const auto parts = words(line);
    if (parts.size() < 2) continue;
    if (parts[0] == "cpu") {
      times.total = ticks_of(parts);
      found = true;
    } else if (parts[0].starts_with("cpu")) {
      times.cores.push_back(ticks_of(parts));
    } else if (parts[0] == "btime") {
      times.booted_at_s = static_cast<int64_t>(number(parts[1]).value_or(0));
    }
  }
  if (!found) return odd(path);
  return times;
}

std::string cpu_json(const CpuTimes& before, const CpuTimes& now) {
  const CpuTicks passed = since(before.total, now.total);
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("count", static_cast<int64_t>(now.cores.size()))
      .field("usage_percent", usage(passed))
      .field("user_percent", share(passed, {kUser, kNice}))
      .field("system_percent", share(passed, {kSystem, kIrq, kSoftirq}))
      .field("iowait_percent", share(passed, {kIowait}))
      .field("steal_percent", share(passed, {kSteal}));
  json.key("cores").begin_array();
  for (size_t i = 0; i < now.cores.size(); ++i) {
    const CpuTicks start = i < before.cores.size() ? before.cores[i] : CpuTicks{};
    json.number(usage(since(start, now.cores[i])));
  }
  json.end_array().end_object();
  return out;
}

Result<Memory> read_memory(const std::string& proc) {
  const std::string path = proc + "/meminfo";
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  Memory memory;
  uint64_t buffers = 0;
  bool has_available = false;
  for (const auto line : lines(*text)) {
    const auto parts = words(line);
    if (parts.size() < 2) continue;
    const uint64_t bytes = number(parts[1]).value_or(0) * 1024;
    if (parts[0] == "MemTotal:") memory.total = bytes;
    if (parts[0] == "MemFree:") memory.free = bytes;
    if (parts[0] == "Buffers:") buffers = bytes;
    if (parts[0] == "Cached:") memory.cached = bytes;
    if (parts[0] == "SwapTotal:") memory.swap_total = bytes;
    if (parts[0] == "SwapFree:") memory.swap_free = bytes;
    if (parts[0] == "MemAvailable:") {
      memory.available = bytes;
      has_available = true;
    }
  }
  if (memory.total == 0) return odd(path);
  // Kernels before 3.14, and some containers' file systems, do not tell.
  if (!has_available) memory.available = memory.free + buffers + memory.cached;
  memory.available = std::min(memory.available, memory.total);
  return memory;
}

std::string memory_json(const Memory& memory) {
  const uint64_t used = memory.total - memory.available;
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("total_bytes", static_cast<int64_t>(memory.total))
      .field("available_bytes", static_cast<int64_t>(memory.available))
      .field("used_bytes", static_cast<int64_t>(used))
      .field("free_bytes", static_cast<int64_t>(memory.free))
      .field("cached_bytes", static_cast<int64_t>(memory.cached))
      .field("used_percent", percent(static_cast<double>(used), static_cast<double>(memory.total)))
      .end_object();
  return out;
}

std::string swap_json(const Memory& memory) {
  const uint64_t used = memory.swap_total - std::min(memory.swap_free, memory.swap_total);
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("total_bytes", static_cast<int64_t>(memory.swap_total))
      .field("used_bytes", static_cast<int64_t>(used))
      .field("used_percent",
             percent(static_cast<double>(used), static_cast<double>(memory.swap_total)))
      .end_object();
  return out;
}

Result<Load> read_load(const std::string& proc) {
  const std::string path = proc + "/loadavg";
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  const auto parts = words(*text);
  if (parts.size() < 4) return odd(path);
  Load load;
  load.one = std::strtod(std::string(parts[0]).c_str(), nullptr);
  load.five = std::strtod(std::string(parts[1]).c_str(), nullptr);
  load.fifteen = std::strtod(std::string(parts[2]).c_str(), nullptr);
  const size_t slash = parts[3].find('/');
  if (slash == std::string_view::npos) return odd(path);
  load.running = number(parts[3].substr(0, slash)).value_or(0);
  load.threads = number(parts[3].substr(slash + 1)).value_or(0);
  return load;
}

std::string load_json(const Load& load, size_t cpus) {
  const double per_cpu = cpus ? load.one / static_cast<double>(cpus) : load.one;
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("one", load.one)
      .field("five", load.five)
      .field("fifteen", load.fifteen)
      .field("one_per_cpu", std::round(per_cpu * 100) / 100)
      .field("running", static_cast<int64_t>(load.running))
      .field("threads", static_cast<int64_t>(load.threads))
      .end_object();
  return out;
}

Result<int64_t> read_uptime_ms(const std::string& proc) {
  const std::string path = proc + "/uptime";
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  const auto parts = words(*text);
  if (parts.empty()) return odd(path);
  return static_cast<int64_t>(std::strtod(std::string(parts[0]).c_str(), nullptr) * 1000);
}

std::string uptime_json(int64_t uptime_ms, int64_t now_ms) {
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("uptime_ms", uptime_ms)
      .field("uptime", human_duration(Millis(uptime_ms)))
      .field("booted_at", format_time_utc(now_ms - uptime_ms))
      .end_object();
  return out;
}

std::string os_name(const std::string& os_release) {
  const auto text = read_text(os_release);
  if (!text) return "Linux";
  for (auto line : lines(*text)) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    line.remove_prefix(std::string_view("PRETTY_NAME=").size());
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') {
      line = line.substr(1, line.size() - 2);
    }
    if (!line.empty()) return std::string(line);
  }
  return "Linux";
}

}  // namespace engine::host
