// clone(CLONE_VM | CLONE_VFORK): the child borrows our memory until it executes the program, so
// nothing is copied. On borrowed memory it may do nothing but system calls; what it needs is
// prepared before.
#include "engine/loop/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "engine/base/files.h"
#include "engine/base/text.h"

namespace engine {
namespace {

constexpr size_t kStackBytes = 64 * 1024;
constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum class Stage { none, user, folder, program };

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// What the child reads; stage and error are what it writes.
struct Orders {
  std::vector<const char*> programs;
  std::vector<char*> argv, env;
  const char* cwd = nullptr;
  const Identity* identity = nullptr;
  std::array<int, 3> fds{};
  rlimit marker{};
  Stage stage = Stage::none;
  int error = 0;
};

// What the kernel takes, which is not what libc's struct sigaction is.
struct KernelSigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  uint64_t mask;
};

#define ENGINE_UNSANITIZED \
  __attribute__((noinline, no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

ENGINE_UNSANITIZED int refuse(Orders& orders, Stage stage) {
  orders.stage = stage;
  orders.error = errno;
  syscall(SYS_exit, 127);
  return 127;
}

// Raw system calls throughout: libc's setuid would change the parent's threads, and a sanitizer's
// interceptors would note in the parent's books what only happens here.
ENGINE_UNSANITIZED int run_child(void* data) {
  Orders& orders = *static_cast<Orders*>(data);
  const KernelSigaction standard{};
  for (int number = 1; number <= 64; ++number) {
    syscall(SYS_rt_sigaction, number, &standard, nullptr, sizeof standard.mask);
  }
  syscall(SYS_setsid);
  for (int fd = 0; fd < 3; ++fd) syscall(SYS_dup3, orders.fds[static_cast<size_t>(fd)], fd, 0);
  if (syscall(SYS_close_range, 3, ~0U, 0) != 0) {
    for (int fd = 3; fd < 4096; ++fd) syscall(SYS_close, fd);
  }
  syscall(SYS_prlimit64, 0, RLIMIT_LOCKS, &orders.marker, nullptr);
  if (const Identity* identity = orders.identity) {
    if (syscall(SYS_setgroups, identity->groups.size(), identity->groups.data()) != 0 ||
        syscall(SYS_setresgid, identity->gid, identity->gid, identity->gid) != 0 ||
        syscall(SYS_setresuid, identity->uid, identity->uid, identity->uid) != 0) {
      return refuse(orders, Stage::user);
    }
  }
  if (orders.cwd && syscall(SYS_chdir, orders.cwd) != 0) return refuse(orders, Stage::folder);
  const uint64_t no_signals = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, sizeof no_signals);
  // As a shell would: one that may not be executed is told of only if no later folder has another.
  int worst = ENOENT;
  for (const char* program : orders.programs) {
    syscall(SYS_execve, program, orders.argv.data(), orders.env.data());
    if (errno == EACCES) {
      worst = EACCES;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      worst = errno;
      break;
    }
  }
  errno = worst;
  return refuse(orders, Stage::program);
}

std::vector<std::string> candidates(const Launch& launch) {
  const std::string& name = launch.argv[0];
  if (name.find('/') != std::string::npos) return {name};
  std::string_view path = kDefaultPath;
  for (const std::string& variable : launch.env) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  std::vector<std::string> found;
  for (const std::string_view folder : split(path, ':')) {
    if (!folder.empty()) found.push_back(std::string(folder) + "/" + name);
  }
  return found;
}

Result<Identity> find_user(const std::string& name) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  const int error = getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return fail(errno_error(error, "cannot look up user '" + name + "'"));
  if (!found) return fail(code::kNotFound, "there is no user '" + name + "' on this machine");
  Identity identity{found->pw_uid, found->pw_gid, std::vector<gid_t>(64)};
  auto count = static_cast<int>(identity.groups.size());
  if (getgrouplist(name.c_str(), found->pw_gid, identity.groups.data(), &count) < 0) {
    identity.groups.resize(static_cast<size_t>(count));
    getgrouplist(name.c_str(), found->pw_gid, identity.groups.data(), &count);
  }
  identity.groups.resize(static_cast<size_t>(count));
  return identity;
}

Error program_error(const std::string& name, int error) {
  const std::string what = "cannot start '" + name + "': ";
  const bool has_path = name.find('/') != std::string::npos;
  switch (error) {
    case ENOENT:
      if (!has_path) {
        return Error(code::kNotFound, what + "not found in PATH",
                     "install it, or give the path of the program");
      }
      if (access(name.c_str(), F_OK) == 0) {
        return Error(code::kNotFound, what + "the interpreter that it names is missing",
                     "see its first line, which begins with #!");
      }
      return Error(code::kNotFound, what + "no such file");
    case EACCES:
      return Error(code::kPermissionDenied, what + "permission denied",
                   "see whether the file is executable for the user that runs it");
    case ENOEXEC:
      return Error(code::kInvalidArgument,
                   what + "neither a program for this machine nor a script that begins with #!");
    case E2BIG:
      return Error(code::kInvalidArgument, what + "its arguments and environment are too large",
                   "pass what is large through standard input or a file");
    default:
      return errno_error(error, "cannot start '" + name + "'");
  }
}

Error launch_error(const Launch& launch, const Orders& orders) {
  switch (orders.stage) {
    case Stage::user:
      return Error(code::kPermissionDenied, "cannot run a program as user '" + launch.user + "'",
                   "only root may change the user; run the engine as root or as that user");
    case Stage::folder:
      return errno_error(orders.error, "cannot start '" + launch.argv[0] + "' in " + launch.cwd);
    default:
      return program_error(launch.argv[0], orders.error);
  }
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> found;
  found.reserve(texts.size() + 1);
  for (const std::string& text : texts) found.push_back(const_cast<char*>(text.c_str()));
  found.push_back(nullptr);
  return found;
}

// With all signals blocked, since a handler of ours must not run in the child.
int clone_blocked(Orders& orders, int& pidfd) {
  std::vector<char> stack(kStackBytes);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto top = reinterpret_cast<uintptr_t>(stack.data() + stack.size()) & ~uintptr_t{15};
  const int pid = clone(run_child, reinterpret_cast<void*>(top),
                        CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &orders, &pidfd);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

}  // namespace

Result<Launched> launch(const Launch& launch) {
  if (launch.argv.empty() || launch.argv[0].empty()) {
    return fail(code::kInvalidArgument, "no program is named",
                "give its name as the first of argv");
  }
  Result<Identity> identity = Identity{};
  if (!launch.user.empty()) identity = find_user(launch.user);
  if (!identity) return fail(identity.error());

  const std::vector<std::string> programs = candidates(launch);
  Orders orders;
  for (const std::string& program : programs) orders.programs.push_back(program.c_str());
  orders.argv = pointers(launch.argv);
  orders.env = pointers(launch.env);
  if (!launch.cwd.empty()) orders.cwd = launch.cwd.c_str();
  if (!launch.user.empty()) orders.identity = &*identity;
  orders.fds = {launch.input, launch.output, launch.error_output};
  orders.marker = {launch.marker, RLIM_INFINITY};

  int pidfd = -1;
  const int pid = clone_blocked(orders, pidfd);
  if (pid < 0) return fail(errno_error(errno, "cannot start '" + launch.argv[0] + "'"));
  Launched launched{pid, Fd(pidfd)};
  if (orders.stage == Stage::none) return launched;
  siginfo_t info{};
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0 && errno == EINTR) {
  }
  return fail(launch_error(launch, orders));
}

}  // namespace engine
