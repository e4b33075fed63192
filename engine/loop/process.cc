// Child processes: from the start to the death of the last descendant.
#include "engine/loop/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>

#include "engine/base/files.h"
#include "engine/base/id.h"
#include "engine/loop/handle.h"
#include "engine/loop/process_tree.h"
#include "engine/loop/spawn.h"
#include "engine/loop/stream.h"
#include "engine/loop/timer.h"

namespace engine {
namespace {

uint64_t marker_of(std::string_view key) {
  uint64_t marker = 0xcbf29ce484222325;  // FNV-1a
  for (const char letter : key)
    marker = (marker ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  if (key.empty()) random_bytes(&marker, sizeof marker);
  return marker >> 2;  // far from "unlimited"
}

// How long descendants may go on writing after the program itself has ended (`tee` behind a shell).
constexpr uint64_t kDrainMs = 250;
// How long a process may take to die of SIGKILL before it is given up: one that hangs in the
// kernel.
constexpr uint64_t kDeathMs = 2000;
// How often orphans are reaped while the program runs, and how often a dying tree is looked at.
constexpr uint64_t kReapMs = 1000;
constexpr uint64_t kLookFirstMs = 2;
constexpr uint64_t kLookLastMs = 100;

class ProcessImpl;

// One child until all of it is dead, owned by the loop: it outlives the Process that asked for it.
class Child {
 public:
  Child(Loop& loop, ProcessImpl* owner, const ProcessOptions& options, Launched launched,
        uint64_t marker);
  void start_streams(Fd input, std::string text, Fd out, Fd err, Process::Output output);
  void abandon();

  int pid() const { return pid_; }
  bool main_lives() const { return !ended_; }

 private:
  enum class Phase { running, draining, terminating, killing };

  ~Child() = default;
  void main_ended();
  void settle();
  void terminate();
  void look();
  void finish();
  bool all_dead();
  void set_timer(uint64_t ms, bool keeps_loop = true);
  void on_timer();
  Result<ProcessExit> outcome();

  Loop& loop_;
  std::unique_ptr<Loop::Hold> hold_;
  ProcessImpl* owner_;  // null once abandoned
  int pid_;
  Fd pidfd_;
  ProcessTree tree_;
  uint64_t kill_after_ms_;
  HandlePtr<uv_poll_t> exit_poll_;
  HandlePtr<uv_timer_t> timer_;
  InputStream input_;
  OutputStream out_, err_;
  Process::Output output_;
  Phase phase_ = Phase::running;
  uint64_t phase_end_ = 0, look_ms_ = kLookFirstMs;
  bool ended_ = false;
  ProcessExit exit_;
};

class ProcessImpl final : public Process {
 public:
  explicit ProcessImpl(Exited exited) : exited_(std::move(exited)) {}
  ~ProcessImpl() override {
    if (child_) child_->abandon();
  }

  void begin(Loop& loop, ProcessOptions options, Output output);
  void fail_later(Loop& loop, Error error);
  void ended(Result<ProcessExit> result) {
    child_ = nullptr;
    Exited exited = std::move(exited_);
    exited(std::move(result));  // may destroy this
  }

  ProcessIdentity identity() const override {
    // Nobody's number but this one's until it is reaped, so it is read when it is asked for.
    if (child_ && identity_.start_time == 0) {
      identity_ = {child_->pid(), process_start_time(child_->pid()).value_or(0)};
    }
    return identity_;
  }
  void signal(int number) override {
    // While it has not been reaped the number of the group cannot be anybody else's.
    if (child_ && child_->main_lives()) kill(-child_->pid(), number);
  }

 private:
  Exited exited_;
  Child* child_ = nullptr;
  TaskPtr failure_;
  mutable ProcessIdentity identity_;
};

Child::Child(Loop& loop, ProcessImpl* owner, const ProcessOptions& options, Launched launched,
             uint64_t marker)
    : loop_(loop),
      hold_(loop.hold()),
      owner_(owner),
      pid_(launched.pid),
      pidfd_(std::move(launched.pidfd)),
      tree_(launched.pid, marker),
      kill_after_ms_(static_cast<uint64_t>(std::max<int64_t>(options.kill_after.count(), 0))),
      exit_poll_(new uv_poll_t),
      timer_(new uv_timer_t),
      out_(options.output_bytes_max),
      err_(options.output_bytes_max) {
  uv_poll_init(loop.uv(), exit_poll_.get(), pidfd_.get());
  exit_poll_->data = this;
  uv_poll_start(exit_poll_.get(), UV_READABLE, [](uv_poll_t* poll, int, int) noexcept {
    static_cast<Child*>(poll->data)->main_ended();
  });
  uv_timer_init(loop.uv(), timer_.get());
  timer_->data = this;
  set_timer(kReapMs, false);
}

void Child::start_streams(Fd input, std::string text, Fd out, Fd err, Process::Output output) {
  output_ = std::move(output);
  const auto teller = [this](bool is_stderr) -> OutputStream::Chunk {
    if (!output_) return {};
    return [this, is_stderr](std::string_view chunk) {
      if (owner_) output_(is_stderr, chunk);
    };
  };
  out_.start(loop_, std::move(out), teller(false), [this] { settle(); });
  err_.start(loop_, std::move(err), teller(true), [this] { settle(); });
  if (input) input_.start(loop_, std::move(input), std::move(text));
}

void Child::abandon() {
  owner_ = nullptr;
  if (phase_ == Phase::running || phase_ == Phase::draining) terminate();
}

void Child::main_ended() {
  siginfo_t info{};
  // Not reaped yet: as long as it is a zombie, its number names its session and nothing else.
  const auto id = static_cast<id_t>(pidfd_.get());
  if (waitid(P_PIDFD, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == EINTR) return;
  exit_poll_.reset();
  input_.close();
  ended_ = true;
  exit_.status = info.si_code == CLD_EXITED ? info.si_status : -1;
  exit_.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  out_.drain();
  err_.drain();
  if (phase_ != Phase::running) return look();
  phase_ = Phase::draining;
  set_timer(kDrainMs);
  settle();
}

// Decides what is next when the program has ended or a stream has.
void Child::settle() {
  if (phase_ != Phase::draining || out_.open() || err_.open()) return;
  if (all_dead()) return finish();
  terminate();
}

void Child::terminate() {
  if (ended_) exit_.survivors_killed = static_cast<int>(tree_.living_descendants(false));
  phase_ = Phase::terminating;
  phase_end_ = uv_hrtime() / 1'000'000 + kill_after_ms_;
  tree_.signal_all(SIGTERM);
  set_timer(kLookFirstMs);
}

bool Child::all_dead() { return ended_ && tree_.living_descendants(false) == 0; }

// Looks at a dying tree, and goes from asking to killing to giving up.
void Child::look() {
  if (all_dead()) return finish();
  const uint64_t now = uv_hrtime() / 1'000'000;
  if (now >= phase_end_) {
    if (phase_ == Phase::killing) return finish();
    phase_ = Phase::killing;
    phase_end_ = now + kDeathMs;
    look_ms_ = kLookFirstMs;
  }
  if (phase_ == Phase::killing) tree_.signal_all(SIGKILL);
  look_ms_ = std::min(look_ms_ * 2, kLookLastMs);
  set_timer(std::min(look_ms_, phase_end_ - std::min(phase_end_, now) + 1));
}

void Child::set_timer(uint64_t ms, bool keeps_loop) {
  uv_update_time(loop_.uv());
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) noexcept { static_cast<Child*>(timer->data)->on_timer(); }, ms, 0);
  auto* handle = reinterpret_cast<uv_handle_t*>(timer_.get());
  keeps_loop ? uv_ref(handle) : uv_unref(handle);
}

void Child::on_timer() {
  if (phase_ == Phase::terminating || phase_ == Phase::killing) return look();
  if (phase_ == Phase::running) {
    ProcessTree::reap_orphans();
    return set_timer(kReapMs, false);
  }
  // Whoever still holds a stream has had the time to say what it had to say.
  if (!all_dead()) return terminate();
  finish();
}

Result<ProcessExit> Child::outcome() {
  if (!ended_) {
    return fail(code::kFailed, "process " + std::to_string(pid_) + " does not end when killed",
                "it hangs in the kernel: see its state in /proc, and the disks and mounts it uses");
  }
  out_.drain();
  err_.drain();
  exit_.out_bytes = out_.bytes();
  exit_.err_bytes = err_.bytes();
  exit_.out = out_.take();
  exit_.err = err_.take();
  return std::move(exit_);
}

void Child::finish() {
  Result<ProcessExit> result = outcome();
  if (ended_) {
    siginfo_t info{};
    waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG);
  }
  out_.close();
  err_.close();
  input_.close();
  ProcessImpl* const owner = owner_;
  delete this;
  if (owner) owner->ended(std::move(result));
}

// A pipe whose ends are closed on exec and lie above the standard streams.
Result<std::array<Fd, 2>> make_pipe() {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return fail(errno_error(errno, "cannot make a pipe"));
  std::array<Fd, 2> ends = {Fd(fds[0]), Fd(fds[1])};
  for (Fd& end : ends) {
    if (end.get() > 2) continue;
    end.reset(fcntl(end.get(), F_DUPFD_CLOEXEC, 3));
    if (!end) return fail(errno_error(errno, "cannot make a pipe"));
  }
  return ends;
}

// What the process as a whole needs for children, once.
void prepare_process() {
  static const bool prepared = [] {
    become_subreaper();
    struct sigaction action {};
    // Ignored, children would be reaped by the kernel and their exit never told.
    if (sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      signal(SIGCHLD, SIG_DFL);
    }
    // A child that does not read its input must not be the end of us.
    if (sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
      signal(SIGPIPE, SIG_IGN);
    }
    return true;
  }();
  static_cast<void>(prepared);
}

int null_device() {
  static const Fd fd(fcntl(Fd(open("/dev/null", O_RDWR | O_CLOEXEC)).get(), F_DUPFD_CLOEXEC, 3));
  return fd.get();
}

void ProcessImpl::fail_later(Loop& loop, Error error) {
  failure_ = start_timer(loop, Millis(0), [this, error = std::move(error)]() mutable {
    ended(fail(std::move(error)));
  });
}

void ProcessImpl::begin(Loop& loop, ProcessOptions options, Output output) {
  prepare_process();
  Result<std::array<Fd, 2>> in = std::array<Fd, 2>();
  if (options.input) in = make_pipe();
  Result<std::array<Fd, 2>> out = make_pipe(), err = make_pipe();
  for (auto* pipe : {&in, &out, &err}) {
    if (!*pipe) return fail_later(loop, pipe->error());
  }
  Launch order;
  order.argv = std::move(options.argv);
  order.env = std::move(options.env);
  order.cwd = options.cwd;
  order.user = options.user;
  order.input = options.input ? (*in)[0].get() : null_device();
  order.output = (*out)[1].get();
  order.error_output = (*err)[1].get();
  order.marker = marker_of(options.key);
  Result<Launched> launched = launch(order);
  if (!launched) return fail_later(loop, launched.error());

  child_ = new Child(loop, this, options, std::move(*launched), order.marker);
  child_->start_streams(std::move((*in)[1]), std::move(options.input).value_or(""),
                        std::move((*out)[0]), std::move((*err)[0]), std::move(output));
}

}  // namespace

std::vector<int> survivors_of(std::string_view key) { return marked_processes(marker_of(key)); }
void kill_survivors_of(std::string_view key) { kill_marked(marker_of(key)); }

std::unique_ptr<Process> Process::start(Loop& loop, ProcessOptions options, Exited exited,
                                        Output output) {
  auto process = std::make_unique<ProcessImpl>(std::move(exited));
  process->begin(loop, std::move(options), std::move(output));
  return process;
}

}  // namespace engine
