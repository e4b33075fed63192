// Reads /proc/PID: stat for all, the rest for those that are shown.
#include "plugins/host/processes.h"

#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace engine::host {

namespace {

constexpr size_t kCommandBytesMax = 4096;

std::string folder_of(const std::string& proc, int pid) { return proc + "/" + std::to_string(pid); }

const char* state_word(char state) {
  switch (state) {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "waiting for disk";
    case 'Z':
      return "zombie";
    case 'T':
      return "stopped";
    case 't':
      return "traced";
    case 'I':
      return "idle";
    case 'X':
      return "dead";
    default:
      return "unknown";
  }
}

std::string link_target(const std::string& path) {
  char target[4096];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<size_t>(size)) : std::string();
}

bool matches(const std::string& proc, const Process& process, const std::string& glob) {
  if (fnmatch(glob.c_str(), process.name.c_str(), 0) == 0) return true;
  const auto command = command_line(proc, process.pid);
  if (command.empty()) return false;
  const std::string program = command[0].substr(command[0].rfind('/') + 1);
  return fnmatch(glob.c_str(), program.c_str(), 0) == 0;
}

double one_decimal(double value) { return std::round(value * 10) / 10; }

}  // namespace

std::optional<Process> parse_process(std::string_view stat) {
  const size_t open = stat.find('('), close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  const auto pid = words(stat.substr(0, open));
  const auto rest = words(stat.substr(close + 1));  // from field 3, the state, on
  if (pid.size() != 1 || !number(pid[0]) || rest.size() < 22) return std::nullopt;
  Process process;
  process.pid = static_cast<int>(*number(pid[0]));
  process.name = stat.substr(open + 1, close - open - 1);
  process.state = rest[0][0];
  process.parent = static_cast<int>(number(rest[1]).value_or(0));
  process.cpu_ticks = number(rest[11]).value_or(0) + number(rest[12]).value_or(0);
  process.threads = static_cast<int64_t>(number(rest[17]).value_or(0));
  process.start_ticks = number(rest[19]).value_or(0);
  process.rss_bytes = number(rest[21]).value_or(0) * static_cast<uint64_t>(getpagesize());
  return process;
}

std::optional<Process> read_process(const std::string& proc, int pid) {
  const auto stat = read_text(folder_of(proc, pid) + "/stat");
  return stat ? parse_process(*stat) : std::nullopt;
}

std::vector<Process> read_processes(const std::string& proc) {
  std::vector<Process> processes;
  for (const int pid : pids(proc)) {
    if (auto process = read_process(proc, pid)) processes.push_back(std::move(*process));
  }
  return processes;
}

CpuSample sample_of(const std::vector<Process>& processes) {
  CpuSample sample;
  for (const auto& each : processes) sample[{each.pid, each.start_ticks}] = each.cpu_ticks;
  return sample;
}

void reckon_cpu(std::vector<Process>& processes, const CpuSample& before, int64_t elapsed_ms,
                int64_t uptime_ms) {
  const auto ticks_per_ms = static_cast<double>(sysconf(_SC_CLK_TCK)) / 1000;
  for (auto& each : processes) {
    const auto known = before.find({each.pid, each.start_ticks});
    double ticks = static_cast<double>(each.cpu_ticks);
    double ms =
        static_cast<double>(uptime_ms) - static_cast<double>(each.start_ticks) / ticks_per_ms;
    if (known != before.end() && elapsed_ms > 0) {
      ticks = static_cast<double>(each.cpu_ticks - std::min(each.cpu_ticks, known->second));
      ms = static_cast<double>(elapsed_ms);
    }
    each.cpu_percent = one_decimal(ticks / ticks_per_ms / std::max(ms, 1.0) * 100);
  }
}

std::vector<Process> choose(const std::string& proc, std::vector<Process> processes,
                            const ProcessQuery& query) {
  if (!query.name.empty()) {
    std::erase_if(processes, [&](const Process& each) { return !matches(proc, each, query.name); });
  }
  std::ranges::sort(processes, [&](const Process& a, const Process& b) {
    const double left = query.by_memory ? static_cast<double>(a.rss_bytes) : a.cpu_percent;
    const double right = query.by_memory ? static_cast<double>(b.rss_bytes) : b.cpu_percent;
    return left != right ? left > right : a.pid < b.pid;
  });
  if (processes.size() > query.limit) processes.resize(query.limit);
  return processes;
}

std::vector<std::string> command_line(const std::string& proc, int pid) {
  auto text = read_text(folder_of(proc, pid) + "/cmdline");
  std::vector<std::string> arguments;
  if (!text || text->empty()) return arguments;
  if (text->back() == '\0') text->pop_back();
  for (const auto part : split(*text, '\0')) arguments.emplace_back(part);
  return arguments;
}

std::map<unsigned, std::string> read_users(const std::string& passwd) {
  std::map<unsigned, std::string> users;
  const auto text = read_text(passwd);
  if (!text) return users;
  for (const auto line : lines(*text)) {
    const auto parts = split(line, ':');
    if (parts.size() < 3) continue;
    if (const auto id = number(parts[2])) users.try_emplace(static_cast<unsigned>(*id), parts[0]);
  }
  return users;
}

std::string process_json(const Process& process, const ProcessContext& context, bool full) {
  const std::string folder = folder_of(context.proc, process.pid);
  struct stat owner {};
  std::string user;
  if (stat(folder.c_str(), &owner) == 0) {
    const auto known = context.users.find(owner.st_uid);
    user = known != context.users.end() ? known->second : std::to_string(owner.st_uid);
  }
  std::string command;
  for (const auto& argument : command_line(context.proc, process.pid)) {
    command += (command.empty() ? "" : " ") + argument;
  }
  const auto started_ms = context.booted_at_s * 1000 +
                          static_cast<int64_t>(process.start_ticks) * 1000 / sysconf(_SC_CLK_TCK);
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("pid", process.pid)
      .field("ppid", process.parent)
      .field("name", process.name)
      .field("command", shortened(command, kCommandBytesMax))
      .field("user", user)
      .field("state", state_word(process.state))
      .field("cpu_percent", process.cpu_percent)
      .field("rss_bytes", static_cast<int64_t>(process.rss_bytes))
      .field("threads", process.threads)
      .field("started_at", format_time_utc(started_ms))
      .field("start_time", static_cast<int64_t>(process.start_ticks));
  if (full) {
    json.field("program", link_target(folder + "/exe"))
        .field("folder", link_target(folder + "/cwd"))
        .field("children", static_cast<int64_t>(std::ranges::count(read_processes(context.proc),
                                                                   process.pid, &Process::parent)));
  }
  json.end_object();
  return out;
}

}  // namespace engine::host
