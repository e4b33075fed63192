// Processes as /proc shows them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/host/proc.h"

namespace engine::host {

struct Process {
  int pid = 0, parent = 0;
  std::string name;  // the kernel's: at most 15 bytes, and any bytes at all
  char state = '?';
  uint64_t cpu_ticks = 0, start_ticks = 0;
  uint64_t rss_bytes = 0;
  int64_t threads = 0;
  double cpu_percent = 0;  // 100 is one processor fully used
};
// One /proc/PID/stat. The name stands in parentheses and may contain blanks and parentheses itself.
std::optional<Process> parse_process(std::string_view stat);
// Nothing when it is gone by now.
std::optional<Process> read_process(const std::string& proc, int pid);
std::vector<Process> read_processes(const std::string& proc);

// Processor time by process identity, to compare with later.
using CpuSample = std::map<std::pair<int, uint64_t>, uint64_t>;
CpuSample sample_of(const std::vector<Process>& processes);
// Fills cpu_percent: over `elapsed_ms` for those in the sample, else over their life.
void reckon_cpu(std::vector<Process>& processes, const CpuSample& before, int64_t elapsed_ms,
                int64_t uptime_ms);

struct ProcessQuery {
  bool by_memory = false;
  std::string name{};  // a glob over the name and the program's file name; empty: all
  size_t limit = 20;
};
// The greatest first.
std::vector<Process> choose(const std::string& proc, std::vector<Process> processes,
                            const ProcessQuery& query);

// The arguments, without the NULs between them.
std::vector<std::string> command_line(const std::string& proc, int pid);

// What turns ids and ticks into words.
struct ProcessContext {
  std::string proc;
  int64_t booted_at_s = 0;
  std::map<unsigned, std::string> users;
};
std::map<unsigned, std::string> read_users(const std::string& passwd);
// `full` adds what one looks at when it is about one process alone.
std::string process_json(const Process& process, const ProcessContext& context, bool full = false);

}  // namespace engine::host
