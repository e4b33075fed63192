// Signals, approvals and cancels from one process to a run in another, or in none.
#include "tests/support/waiting.h"

#include <signal.h>

#include "tests/support/catch.h"

using namespace engine;
using namespace engine::test;

TEST_CASE("a signal reaches a run in another process") {
  Cli cli;
  cli.write("wait.lua", runbook_that_waits(R"(
    local data = wait_for{ signal = 'go', match = { n = 2 } }.data
    return { n = data.n, b = data.b, own = data['$secret'] })"));
  Running running = cli.start({"run", cli.folder() + "/wait.lua", "-o", "json"});
  const std::string waiting = await_waiting(cli);
  CHECK(member(waiting, "waits_for") == R"("wait_for")");
  CHECK(cli.run({"runs", "--waiting"}).out.find("signal go") != std::string::npos);
  CHECK(cli.run({"signal", run_of(waiting), "go", "--data", R"({"n":1})"}).code == 0);
  CHECK(cli.run({"signal", run_of(waiting), "go", "--data", R"({"n":2,"b":true,"$secret":"x"})"})
            .err == "sent 'go' to run " + run_of(waiting) + "\n");
  const Ended ended = running.wait();
  CHECK(ended.code == 0);
  CHECK(member(ended.out, "result") == R"({"b":true,"n":2,"own":"x"})");
  CHECK(cli.run({"runs", "--waiting"}).err == "no run waits for anything\n");
  CHECK(
      cli.run({"signal", run_of(waiting), "go"}).err.find("has ended: nobody takes its signals") !=
      std::string::npos);
  CHECK(cli.run({"signal", run_of(waiting), "go", "--data", "{"}).code == 64);
}

TEST_CASE("a person answers a run in another process and others are refused") {
  Cli cli;
  cli.write("ask.lua", runbook_that_waits(R"(
    local made = parallel {
      function() return approve{ message = "Remove it?" } end,
      function() return approve{ message = "How?", choices = { "slowly", "fast" } }.choice end,
      function() return approve{ message = "Root?", by = "unix:nobody", timeout = "1h" } end,
    }
    return { made[1].choice, made[1].comment, made[2] })"));
  Running running = cli.start({"run", cli.folder() + "/ask.lua", "-o", "json"});
  const std::string id = run_of(await_waiting(cli, 3));
  const Ended several = cli.run({"approve", id});
  CHECK(several.code != 0);
  CHECK(several.err.find("waits for several approvals: 1.1:1 (Remove it?), 1.2:1 (How?)") !=
        std::string::npos);
  CHECK(cli.run({"approve", id, "--place", "1.2:1"}).err.find("takes a choice of its own") !=
        std::string::npos);
  CHECK(cli.run({"approve", id, "--place", "1.2:1", "--choice", "never"})
            .err.find("choose from slowly, fast") != std::string::npos);
  const Ended refused = cli.run({"approve", id, "--place", "1.3:1"});
  CHECK(refused.code == 77);
  CHECK(refused.err.find("may not answer 'Root?'") != std::string::npos);
  CHECK(cli.run({"approve", id, "--place", "1.1:1", "--comment", "fine"}).code == 0);
  CHECK(cli.run({"approve", id, "--place", "1.1:1"}).code != 0);
  CHECK(cli.run({"approve", id, "--place", "1.2:1", "--choice", "fast"}).code == 0);
  CHECK(cli.run({"cancel", id}).err == "asked run " + id + " to end\n");
  const Ended ended = running.wait();
  CHECK(ended.code == 130);
  CHECK(cli.run({"cancel", id}).err.find("has ended already: it was cancelled") !=
        std::string::npos);
}

TEST_CASE("what is sent to a run without a process is found when it is resumed") {
  Cli cli;
  cli.write("wait.lua", runbook_that_waits("local a = wait_for{ signal = 'go' }.data\n"
                                           "return a .. approve{ message = 'And?' }.comment"));
  std::string id;
  {
    Running running = cli.start({"run", cli.folder() + "/wait.lua"});
    id = run_of(await_waiting(cli));
    running.signal(SIGKILL);
  }
  CHECK(cli.run({"runs", "--waiting"}).out.find("(interrupted)") != std::string::npos);
  REQUIRE(cli.run({"signal", id, "go", "--data", "\"x\""}).code == 0);
  {
    Running running = cli.start({"resume", id});
    for (std::string line; member(line, "waits_for") != R"("approve")";) line = await_waiting(cli);
    running.signal(SIGKILL);
  }
  REQUIRE(cli.run({"approve", id, "--comment", "y"}).code == 0);
  const Ended ended = cli.run({"resume", id, "-o", "json"});
  CHECK(member(ended.out, "result") == R"("xy")");
}

TEST_CASE("a run without a process that is cancelled ends so when it is resumed") {
  Cli cli;
  cli.write("wait.lua", runbook_that_waits("wait_for{ signal = 'go' }"));
  std::string id;
  {
    Running running = cli.start({"run", cli.folder() + "/wait.lua"});
    id = run_of(await_waiting(cli));
    running.signal(SIGKILL);
  }
  CHECK(cli.run({"cancel", id})
            .err.find("it ends cancelled when one takes it up, or by `engine resume " + id) !=
        std::string::npos);
  CHECK(cli.run({"resume", id}).code == 130);
  CHECK(unquoted(member(cli.run({"runs", "-o", "jsonl"}).out, "state")) == "cancelled");
}

TEST_CASE("a run whose work takes long is cancelled from another process") {
  Cli cli;
  cli.write("sleep.lua", runbook_that_waits("sleep '1h'"));
  Running running = cli.start({"run", cli.folder() + "/sleep.lua"});
  std::string id;
  while (id.empty())
    id = unquoted(member(cli.run({"runs", "-s", "running", "-o", "jsonl"}).out, "run"));
  CHECK(cli.run({"cancel", id}).code == 0);
  CHECK(running.wait().code == 130);
}

TEST_CASE("a lock whose holder was killed is another's and the holder waits for it") {
  Cli cli;
  const std::string file =
      cli.write("hold.lua", runbook_that_waits("local held <close> = lock('db')\n"
                                               "return wait_for{ signal = 'go' }.data"));
  Running holder = cli.start({"run", file});
  const std::string first = run_of(await_waiting(cli));
  Running next = cli.start({"run", file, "-o", "json"});
  await_waiting(cli, 2);
  CHECK(cli.run({"runs", "--waiting"}).out.find("lock db") != std::string::npos);
  holder.signal(SIGKILL);
  holder.wait();
  std::string second;
  while (second.empty()) {
    const std::string lines = cli.run({"runs", "--waiting", "-o", "jsonl"}).out;
    const std::string last = lines.substr(lines.find('\n') + 1);
    if (member(last, "waits_for") == R"("wait_for")") second = run_of(last);
  }
  Running again = cli.start({"resume", first, "-o", "json"});
  CHECK(cli.run({"signal", first, "go", "--data", "1"}).code == 0);
  CHECK(cli.run({"signal", second, "go", "--data", "2"}).code == 0);
  CHECK(member(next.wait().out, "result") == "2");
  CHECK(member(again.wait().out, "result") == "1");
}
