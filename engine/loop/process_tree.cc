// /proc, read only where a look at our own children shows that there is something to find.
#include "engine/loop/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "engine/loop/fd.h"

namespace engine {
namespace {

// Rounds in which newly started members are looked for; who forks faster is met again at the next
// poll.
constexpr int kRoundsMax = 16;

std::set<int>& roots() {
  static std::set<int> pids;
  return pids;
}

std::string read_proc(const std::string& path) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string content;
  if (!file) return content;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return content;
    content.append(buffer.data(), static_cast<size_t>(got));
  }
}

struct Stat {
  int pid = 0;
  char state = 0;
  int parent = 0;
  int session = 0;
  int threads = 0;
  uint64_t start = 0;

  // The first thread of a process may have ended before the others.
  bool alive() const { return (state != 'Z' && state != 'X') || threads > 1; }
};

template <class Number>
Number field(std::string_view fields, size_t index) {
  for (; index > 0; --index)
    fields.remove_prefix(std::min(fields.find(' '), fields.size() - 1) + 1);
  Number value{};
  std::from_chars(fields.data(), fields.data() + fields.size(), value);
  return value;
}

std::optional<Stat> read_stat(int pid) {
  const std::string text = read_proc("/proc/" + std::to_string(pid) + "/stat");
  // The name may hold anything, so the fields are counted from its closing bracket.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
  const std::string_view fields = std::string_view(text).substr(name_end + 2);
  return Stat{pid,
              fields[0],
              field<int>(fields, 1),
              field<int>(fields, 3),
              field<int>(fields, 17),
              field<uint64_t>(fields, 19)};
}

// The children of one of our threads; nothing if the kernel does not tell.
bool append_children(int thread, std::vector<int>& pids) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/children";
  const std::string text = read_proc(path);
  if (text.empty() && access(path.c_str(), F_OK) != 0) return false;
  const char* const end = text.data() + text.size();
  for (const char* next = text.data(); next < end;) {
    int pid = 0;
    const auto parsed = std::from_chars(next, end, pid);
    if (parsed.ec != std::errc()) break;
    pids.push_back(pid);
    next = parsed.ptr + 1;
  }
  return true;
}

// Children of ours that we did not start: orphans from below, and what libraries started.
std::optional<std::vector<int>> foster_children() {
  siginfo_t info{};
  // No child at all, which is the usual case after the last one was reaped.
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD) {
    return std::vector<int>();
  }
  std::vector<int> pids;
  // Orphans come to the first thread; what a thread started is its own.
  const int first = getpid(), here = gettid();
  if (!append_children(first, pids)) return std::nullopt;
  if (here != first && !append_children(here, pids)) return std::nullopt;
  std::erase_if(pids, [](int pid) { return roots().count(pid) != 0; });
  return pids;
}

bool has_marker(int pid, uint64_t marker) {
  rlimit limit{};
  return prlimit(pid, RLIMIT_LOCKS, nullptr, &limit) == 0 && limit.rlim_cur == marker;
}

// Through a descriptor, so that a number that changed hands meanwhile is not hit.
void signal_one(const Stat& target, int number) {
  const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, target.pid, 0)));
  if (!pidfd || process_start_time(target.pid) != target.start) return;
  syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
  // A stopped process acts on nothing but SIGKILL until it is continued.
  if (number != SIGKILL) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGCONT, nullptr, 0);
}

}  // namespace

struct ProcessTree::Entry {
  Stat stat;
  bool member = false;
};

std::optional<uint64_t> process_start_time(int pid) {
  const std::optional<Stat> stat = read_stat(pid);
  if (!stat) return std::nullopt;
  return stat->start;
}

std::vector<int> marked_processes(uint64_t marker) {
  std::vector<int> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  while (const dirent* item = folder ? readdir(folder.get()) : nullptr) {
    const int pid = std::atoi(item->d_name);
    if (pid <= 1 || pid == getpid() || !has_marker(pid, marker)) continue;
    const std::optional<Stat> stat = read_stat(pid);
    if (stat && stat->alive()) found.push_back(pid);
  }
  return found;
}

void kill_marked(uint64_t marker) {
  for (int round = 0; round < kRoundsMax; ++round) {
    const std::vector<int> found = marked_processes(marker);
    if (found.empty()) return;
    for (const int pid : found) {
      if (const std::optional<Stat> stat = read_stat(pid)) signal_one(*stat, SIGKILL);
    }
  }
}

void become_subreaper() { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

ProcessTree::ProcessTree(int root, uint64_t marker) : root_(root), marker_(marker) {
  roots().insert(root);
}

ProcessTree::~ProcessTree() { roots().erase(root_); }

std::vector<ProcessTree::Entry> ProcessTree::scan() {
  std::map<int, Entry> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  while (const dirent* item = folder ? readdir(folder.get()) : nullptr) {
    const int pid = std::atoi(item->d_name);
    if (pid <= 1 || pid == getpid()) continue;
    const std::optional<Stat> stat = read_stat(pid);
    if (!stat) continue;
    const auto known = seen_.find(pid);
    const bool member = pid == root_ || stat->session == root_ ||
                        (known != seen_.end() && known->second == stat->start) ||
                        (roots().count(pid) == 0 && has_marker(pid, marker_));
    all.emplace(pid, Entry{*stat, member});
  }
  // Parents may have higher numbers than their children, so until nothing changes.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& [pid, entry] : all) {
      const auto parent = all.find(entry.stat.parent);
      if (entry.member || parent == all.end() || !parent->second.member) continue;
      entry.member = changed = true;
    }
  }
  std::vector<Entry> members;
  for (auto& [pid, entry] : all) {
    if (!entry.member || !entry.stat.alive()) continue;
    members.push_back(entry);
    if (pid != root_) seen_[pid] = entry.stat.start;
  }
  return members;
}

size_t ProcessTree::living_descendants(bool root_lives) {
  // Whatever a dead root left has come to us, so that our own children tell.
  const std::optional<std::vector<int>> fosters = reap_orphans();
  if (!root_lives && fosters && fosters->empty()) return 0;
  size_t living = 0;
  for (const Entry& entry : scan()) living += entry.stat.pid != root_ ? 1 : 0;
  // Some may have died since they were looked for, and none is left who would reap them.
  if (living == 0) reap_orphans();
  return living;
}

void ProcessTree::signal_all(int number) {
  std::map<int, uint64_t> told;
  for (int round = 0; round < kRoundsMax; ++round) {
    bool news = false;
    for (const Entry& entry : scan()) {
      if (!told.emplace(entry.stat.pid, entry.stat.start).second) continue;
      signal_one(entry.stat, number);
      news = true;
    }
    if (!news) return;
  }
}

std::optional<std::vector<int>> ProcessTree::reap_orphans() {
  std::optional<std::vector<int>> fosters = foster_children();
  if (!fosters) return std::nullopt;
  std::erase_if(*fosters, [](int pid) {
    const std::optional<Stat> stat = read_stat(pid);
    // A child in our own session was started by a library, which waits for it.
    if (!stat || stat->alive() || stat->session == getsid(0)) return !stat;
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) == 0 &&
           info.si_pid == pid;
  });
  return fosters;
}

}  // namespace engine
