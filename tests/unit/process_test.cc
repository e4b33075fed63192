// Child processes: what they answer, and that nothing of them is left.
#include "engine/loop/process.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "engine/base/files.h"
#include "engine/loop/timer.h"
#include "tests/support/catch.h"

using namespace engine;

namespace {

const std::vector<std::string> kEnv = {"PATH=/usr/local/bin:/usr/bin:/bin"};

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.argv = {"sh", "-c", script};
  options.env = kEnv;
  return options;
}

Result<ProcessExit> run(ProcessOptions options) {
  Loop loop;
  Result<ProcessExit> outcome = fail(code::kInternal, "it never ended");
  std::unique_ptr<Process> process = Process::start(
      loop, std::move(options), [&](Result<ProcessExit> result) { outcome = std::move(result); });
  loop.run();
  process.reset();
  CHECK(Task::alive == 0);
  return outcome;
}

// Whether a living process has `text` in its command line.
bool lives(const std::string& text) {
  bool found = false;
  DIR* folder = opendir("/proc");
  while (const dirent* item = readdir(folder)) {
    if (std::atoi(item->d_name) <= 0) continue;
    const auto line = read_file(std::string("/proc/") + item->d_name + "/cmdline", 1 << 20);
    found = found || (line && line->find(text) != std::string::npos);
  }
  closedir(folder);
  return found;
}

// A number that is in nobody's command line but the test's own.
std::string token() {
  static int count = 0;
  return std::to_string(100000 + getpid() % 10000) + "." + std::to_string(++count);
}

int open_descriptors() {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder)) ++count;
  closedir(folder);
  return count;
}

bool has_children() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Starts a program, destroys it when it has written its first line, and waits until all of it is
// gone.
void start_and_destroy(ProcessOptions options) {
  Loop loop;
  std::unique_ptr<Process> process;
  process = Process::start(
      loop, std::move(options), [](Result<ProcessExit>) { FAIL("told although destroyed"); },
      [&](bool, std::string_view) { loop.defer([&] { process.reset(); }); });
  loop.run();
  CHECK_FALSE(process);
  CHECK_FALSE(has_children());
}

}  // namespace

TEST_CASE("a program's status, output and errors are told") {
  const Result<ProcessExit> exit = run(shell("echo out; echo err >&2; exit 3"));

  REQUIRE(exit);
  CHECK(exit->status == 3);
  CHECK(exit->signal == 0);
  CHECK(exit->out == "out\n");
  CHECK(exit->err == "err\n");
  CHECK(exit->survivors_killed == 0);
  CHECK_FALSE(has_children());
}

TEST_CASE("a program ended by a signal has no status") {
  const Result<ProcessExit> exit = run(shell("kill -USR1 $$"));

  REQUIRE(exit);
  CHECK(exit->status == -1);
  CHECK(exit->signal == SIGUSR1);
}

TEST_CASE("a program that is missing is named in the error") {
  ProcessOptions options;
  options.argv = {"no-such-program"};
  options.env = kEnv;
  const Result<ProcessExit> missing = run(options);
  options.argv = {"/no/such/program"};
  const Result<ProcessExit> no_file = run(options);
  options.argv = {"/etc/passwd"};
  const Result<ProcessExit> no_program = run(options);
  options.argv = {};
  const Result<ProcessExit> nothing = run(options);
  options.argv = {"true"};
  options.cwd = "/no/such/folder";
  const Result<ProcessExit> no_folder = run(options);

  CHECK(missing.error().message == "cannot start 'no-such-program': not found in PATH");
  CHECK(missing.error().code == code::kNotFound);
  CHECK(no_file.error().message == "cannot start '/no/such/program': no such file");
  CHECK(no_program.error().code == code::kPermissionDenied);
  CHECK(nothing.error().code == code::kInvalidArgument);
  CHECK(no_folder.error().message ==
        "cannot start 'true' in /no/such/folder: no such file or directory");
  CHECK_FALSE(has_children());
}

TEST_CASE("output beyond the limit is counted and not kept") {
  ProcessOptions options = shell("head -c 3000000 /dev/zero; head -c 10 /dev/zero >&2");
  options.output_bytes_max = 1000;
  const Result<ProcessExit> exit = run(options);

  REQUIRE(exit);
  CHECK(exit->out == std::string(1000, '\0'));
  CHECK(exit->out_bytes == 3000000);
  CHECK(exit->err_bytes == 10);
}

TEST_CASE("a line of a mebibyte and bytes that are no text arrive whole") {
  ProcessOptions options = shell("head -c 1048576 /dev/zero | tr '\\0' x; printf '\\377\\000\\n'");
  options.output_bytes_max = 4 << 20;
  const Result<ProcessExit> exit = run(options);

  REQUIRE(exit);
  CHECK(exit->out == std::string(1 << 20, 'x') + std::string("\377\0\n", 3));
}

TEST_CASE("input larger than a pipe is delivered, and input that nobody reads harms nobody") {
  ProcessOptions counting = shell("wc -c");
  counting.input = std::string(5'000'000, 'i');
  const Result<ProcessExit> counted = run(counting);
  ProcessOptions ignoring = shell("exec 0<&-; echo done");
  ignoring.input = std::string(5'000'000, 'i');
  const Result<ProcessExit> ignored = run(ignoring);
  const Result<ProcessExit> none = run(shell("wc -c"));

  REQUIRE((counted && ignored && none));
  CHECK(counted->out == "5000000\n");
  CHECK(ignored->out == "done\n");
  CHECK(none->out == "0\n");
}

TEST_CASE("a program has the environment and folder that it is given, and nothing of ours") {
  signal(SIGUSR2, SIG_IGN);
  ProcessOptions options =
      shell("pwd; env | sort; ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status");
  options.env.push_back("GREETING=hello");
  options.cwd = "/usr";
  const Result<ProcessExit> exit = run(options);
  signal(SIGUSR2, SIG_DFL);

  REQUIRE(exit);
  // ls has the folder itself open beside 0, 1 and 2.
  CHECK(exit->out ==
        "/usr\nGREETING=hello\nPATH=/usr/local/bin:/usr/bin:/bin\nPWD=/usr\n4\n"
        "SigIgn:\t0000000000000000\n");
}

TEST_CASE("root can run a program as another user") {
  if (getuid() != 0) return;
  ProcessOptions options = shell("id -un; id -Gn");
  options.user = "nobody";
  const Result<ProcessExit> exit = run(options);
  options.user = "no-such-user";
  const Result<ProcessExit> refused = run(options);

  REQUIRE(exit);
  CHECK(exit->out == "nobody\nnogroup\n");
  CHECK(refused.error().message == "there is no user 'no-such-user' on this machine");
}

TEST_CASE("what a program leaves in the background ends with it") {
  const std::string mark = token();
  const Result<ProcessExit> holding = run(shell("sleep " + mark + " & echo hi"));
  const Result<ProcessExit> daemon =
      run(shell("setsid sh -c 'sleep " + mark + " & exec sleep " + mark +
                "' </dev/null >/dev/null 2>&1 & sleep 0.2; echo hi"));

  REQUIRE((holding && daemon));
  CHECK(holding->out == "hi\n");
  CHECK(holding->survivors_killed == 1);
  CHECK(daemon->out == "hi\n");
  CHECK(daemon->survivors_killed == 2);
  CHECK_FALSE(lives(mark));
  CHECK_FALSE(has_children());
}

TEST_CASE("output that a descendant still writes when the program has ended is not lost") {
  const std::string script = "(sleep 0.05; echo late) & echo early";
  Result<ProcessExit> exit = run(shell(script));
  // On a busy machine the descendant may be ended before it could write: then once more.
  for (int tries = 1; exit && exit->survivors_killed > 0 && tries < 20; ++tries) {
    exit = run(shell(script));
  }

  REQUIRE(exit);
  CHECK(exit->out == "early\nlate\n");
  CHECK(exit->survivors_killed == 0);
}

TEST_CASE("destroying a process ends a tree that ignores SIGTERM") {
  const std::string mark = token();
  ProcessOptions options = shell("trap '' TERM; (trap '' TERM; sleep " + mark + "; sleep " + mark +
                                 ") & echo ready; while :; do sleep " + mark + "; done");
  options.kill_after = Millis(50);
  start_and_destroy(options);

  CHECK_FALSE(lives(mark));
}

TEST_CASE("destroying a process ends daemons that left its session and changed their environment") {
  const std::string mark = token();
  // Twice forked, in a session of its own, its parents dead, its environment empty, its streams
  // elsewhere.
  const std::string daemon =
      "setsid sh -c \"setsid env -i /bin/sleep " + mark + " </dev/null >/dev/null 2>&1 & exit\"";
  start_and_destroy(shell("(" + daemon + ") & wait; sleep 0.1; echo ready; exec sleep " + mark));

  CHECK_FALSE(lives(mark));
}

TEST_CASE("destroying a process ends what is stopped") {
  const std::string mark = token();
  start_and_destroy(shell("sleep " + mark + " & kill -STOP $!; echo ready; wait"));

  CHECK_FALSE(lives(mark));
}

TEST_CASE("one tree's end leaves another tree alone") {
  Loop loop;
  std::string order;
  std::unique_ptr<Process> first, second;
  first = Process::start(
      loop, shell("echo up; setsid sleep 60 & wait"), [](Result<ProcessExit>) {},
      [&](bool, std::string_view) { loop.defer([&] { first.reset(); }); });
  second = Process::start(loop, shell("(setsid sleep 0.3; echo alive) & wait"),
                          [&](Result<ProcessExit> exit) { order = exit ? exit->out : "failed"; });
  loop.run();

  CHECK(order == "alive\n");
  CHECK_FALSE(has_children());
}

TEST_CASE("orphans are reaped while their program runs on") {
  const Result<ProcessExit> exit =
      run(shell("i=0; while [ $i -lt 5 ]; do (true &); i=$((i+1)); done; sleep 1.5; "
                "grep -l '^PPid:.*[^0-9]'$PPID'$' /proc/[0-9]*/status 2>/dev/null | wc -l"));

  REQUIRE(exit);
  CHECK(exit->out == "1\n");  // the shell itself
}

TEST_CASE("a signal reaches the program and its group") {
  Loop loop;
  std::unique_ptr<Process> process;
  int signal_seen = 0;
  process = Process::start(
      loop, shell("echo ready; while :; do sleep 60; done"),
      [&](Result<ProcessExit> exit) { signal_seen = exit ? exit->signal : -1; },
      [&](bool, std::string_view) { process->signal(SIGHUP); });
  const ProcessIdentity identity = process->identity();
  loop.run();

  CHECK(signal_seen == SIGHUP);
  CHECK(identity.pid > 0);
  CHECK(identity.start_time > 0);
}

TEST_CASE("five hundred processes leave no zombie and no descriptor") {
  run(shell(":"));
  const int before = open_descriptors();
  int good = 0;
  for (int i = 0; i < 500; ++i) {
    ProcessOptions options;
    options.argv = {"true"};
    options.env = kEnv;
    const Result<ProcessExit> exit = run(options);
    good += exit && exit->status == 0 ? 1 : 0;
  }

  CHECK(good == 500);
  CHECK(open_descriptors() == before);
  CHECK_FALSE(has_children());
}

TEST_CASE("many processes at once all answer") {
  Loop loop;
  std::vector<std::unique_ptr<Process>> processes;
  int good = 0;
  for (int i = 0; i < 100; ++i) {
    processes.push_back(Process::start(
        loop, shell("echo " + std::to_string(i)), [&good, i](Result<ProcessExit> exit) {
          good += exit && exit->out == std::to_string(i) + "\n" ? 1 : 0;
        }));
  }
  loop.run();

  CHECK(good == 100);
  CHECK_FALSE(has_children());
}
