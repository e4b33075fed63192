// Signals through a pidfd, which means one process for ever.
#include "plugins/host/signals.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace engine::host {

namespace {

class PidFd {
 public:
  explicit PidFd(int pid) : fd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  ~PidFd() {
    if (fd_ >= 0) close(fd_);
  }
  PidFd(const PidFd&) = delete;
  PidFd& operator=(const PidFd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string label(int pid) { return "process " + std::to_string(pid); }

}  // namespace

int signal_number(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int>, 9> kNumbers = {{
      {"TERM", SIGTERM},
      {"KILL", SIGKILL},
      {"INT", SIGINT},
      {"QUIT", SIGQUIT},
      {"HUP", SIGHUP},
      {"USR1", SIGUSR1},
      {"USR2", SIGUSR2},
      {"STOP", SIGSTOP},
      {"CONT", SIGCONT},
  }};
  for (const auto& [known, value] : kNumbers) {
    if (known == name) return value;
  }
  return 0;
}

Result<Process> check_order(const std::string& proc, const SignalOrder& order) {
  if (order.pid == 1) {
    return fail(code::kPermissionDenied, "process 1 keeps the machine running and gets no signals");
  }
  if (order.pid == getpid()) {
    return fail(code::kPermissionDenied, label(order.pid) + " is the engine itself",
                "to end a run, use engine cancel RUN");
  }
  auto process = read_process(proc, order.pid);
  if (!process) return fail(code::kNotFound, "no " + label(order.pid));
  if (order.start_time && process->start_ticks != *order.start_time) {
    return fail(
        code::kConflict,
        label(order.pid) + " is not the one that was meant: it is a later '" + process->name + "'",
        "look the process up again with host.process.list");
  }
  return std::move(*process);
}

Result<Process> send_signal(const std::string& proc, const SignalOrder& order) {
  // Opened before the check: whoever passes it is the one that this descriptor means.
  const PidFd target(order.pid);
  const int open_errno = errno;
  auto process = check_order(proc, order);
  if (!process) return process;
  if (target.get() < 0) {
    if (open_errno == ESRCH) return fail(code::kNotFound, "no " + label(order.pid));
    return fail(errno_error(open_errno, "cannot signal " + label(order.pid)));
  }
  if (syscall(SYS_pidfd_send_signal, target.get(), order.signal, nullptr, 0) != 0) {
    if (errno == ESRCH) return fail(code::kNotFound, label(order.pid) + " has just ended");
    return fail(errno_error(errno, "cannot signal " + label(order.pid)));
  }
  return process;
}

}  // namespace engine::host
