// engine why, asked about runs of other processes and of processes that were killed.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using namespace engine::test;

namespace {

std::string unquoted(const std::string& text) {
  return text.size() < 2 ? "" : text.substr(1, text.size() - 2);
}

std::string newest_run(const Cli& cli) {
  return unquoted(member(cli.run({"runs", "-o", "jsonl", "--limit", "1"}).out, "run"));
}

// Until so much is waited for; the id of the run that waits longest.
std::string await_waiting(const Cli& cli, size_t count) {
  for (;;) {
    const std::string lines = cli.run({"runs", "--waiting", "-o", "jsonl"}).out;
    if (static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n')) == count)
      return unquoted(member(lines.substr(0, lines.find('\n')), "run"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void await_file(const std::string& file) {
  while (access(file.c_str(), F_OK) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::string runbook(const std::string& body, const std::string& more = "") {
  return "return runbook { summary = \"A test.\", " + more + "\nrun = function(ctx)\n" + body +
         "\nend }\n";
}

// The causes' kinds, in order: "approval sleep started".
std::string kinds(const Cli& cli, const std::string& run) {
  const Ended ended = cli.run({"why", run, "-o", "json"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const Result<JsonDocument> document = read_json(ended.out);
  REQUIRE(document);
  std::string all;
  for (const JsonElement cause : simdjson::dom::array(*json_member(document->root(), "causes")))
    all += (all.empty() ? "" : " ") + std::string(*json_string(cause, "kind"));
  return all;
}

void check_has(const std::string& text, const std::vector<std::string>& parts) {
  INFO(text);
  for (const std::string& part : parts) {
    INFO("missing: " << part);
    CHECK(text.find(part) != std::string::npos);
  }
}

// A change that goes on until the file `go` is there.
std::string slow_change(const Cli& cli) {
  return "process.exec{ shell = true, timeout = \"1h\", command = \"touch " + cli.folder() +
         "/begun; while ! [ -e " + cli.folder() + "/go ]; do sleep 0.02; done\" }";
}

}  // namespace

TEST_CASE("why tells for which approval, signal and time a run waits, and what to do") {
  Cli cli;
  const std::string file = cli.write("wait.lua", runbook(R"(step("Ask around", function()
    parallel {
      function() approve{ message = "Remove it?", by = "unix:ops", timeout = "2h",
        default = "reject" } end,
      function() approve{ message = "How?", choices = { "slowly", "fast" } } end,
      function() wait_for{ signal = "go", match = { n = 2 } } end,
      function() sleep "3h" end,
    } end))"));
  Running running = cli.start({"run", file});
  const std::string id = await_waiting(cli, 4);
  const std::string text = cli.run({"why", id}).out;
  check_has(text, {"run " + id + "  ", "  running\n",
                   "waits for the approval 'Remove it?' (approve, reject), which unix:ops may give",
                   "it takes 'reject'", "wait.lua:5, in step 'Ask around'",
                   "next: engine approve " + id + " --place 1.1:1, or ",
                   "waits for the approval 'How?' (slowly, fast), which anybody may give",
                   "engine approve " + id + " --place 1.2:1 --choice slowly|fast",
                   "it waits for the signal 'go' with {\"n\":2}; it waits without an end",
                   "next: engine signal " + id + " go --data '{\"n\":2}'", "it sleeps until 20",
                   "wait.lua:9", "it was started by unix:", "by hand"});
  CHECK(kinds(cli, id) == "approval approval signal sleep started");
  check_has(cli.run({"runs", "--waiting"}).out,
            {"approval: Remove it? (approve, reject) of unix:ops, until 20", "signal go with",
             "sleep, until 20"});
  CHECK(cli.run({"cancel", id}).code == 0);
  CHECK(running.wait().code == 130);
  check_has(cli.run({"why", id}).out, {"it was cancelled by unix:", "--from STEP"});
  CHECK(kinds(cli, id) == "cancelled started");
}

TEST_CASE("why follows a lock to the run that holds it and tells of a circle") {
  Cli cli;
  const std::string hold = cli.write("hold.lua", runbook(R"(
    local held <close> = lock(ctx.params.first)
    wait_for{ signal = "on" }
    local other <close> = lock(ctx.params.second))",
                                                         R"(params = {
      { "first", "string", "x" }, { "second", "string", "y" } },)"));
  Running one = cli.start({"run", hold, "--first", "a", "--second", "b"});
  const std::string first = await_waiting(cli, 1);
  Running two = cli.start({"run", hold, "--first", "a", "--second", "c"});
  await_waiting(cli, 2);
  const std::string second = newest_run(cli);
  REQUIRE(first != second);
  check_has(
      cli.run({"why", second}).out,
      {"it waits for the lock 'a', which run " + first + " (", "holds since 20", "hold.lua:5",
       "next: engine why " + first, "\n  run " + first + "  ", "\n  it waits for the signal 'on'"});
  CHECK(kinds(cli, second) == "lock signal started started");
  Running three = cli.start({"run", hold, "--first", "b", "--second", "a"});
  await_waiting(cli, 3);
  const std::string third = newest_run(cli);
  REQUIRE(cli.run({"signal", first, "on"}).code == 0);
  REQUIRE(cli.run({"signal", third, "on"}).code == 0);
  while (kinds(cli, third).find("circle") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  check_has(cli.run({"why", third}).out, {"these runs wait for each other"});
  // Whoever is cancelled lets another go on, which may end by itself.
  CHECK(cli.run({"cancel", first, second, third}).err.find("asked run") != std::string::npos);
  for (Running* running : {&one, &two, &three}) running->wait();
}

TEST_CASE("why tells which call failed, what was tried before, and which error came first") {
  Cli cli;
  cli.write("fail.lua", runbook(R"(pcall(fs.stat, { path = "/first" })
    step("Read it", function()
      retry({ attempts = 3, first = "1ms", jitter = false }, function()
        fs.read{ path = "/none" }
      end)
    end))"));
  CHECK(cli.run({"run", cli.folder() + "/fail.lua"}).code == 1);
  const std::string id = newest_run(cli), text = cli.run({"why", id}).out;
  check_has(text, {"it failed: ", "(NOT_FOUND)", "fail.lua:6, in step 'Read it'",
                   "engine resume " + id + " --from 'Read it' tries again from that step",
                   "fs.read {\"path\":\"/none\"} raised it",
                   "attempt 2 of 3 had failed: ", "attempt 1 of 3 had failed: ", "; it waited 1ms",
                   "before that fs.stat {\"path\":\"/first\"} had failed: "});
  CHECK(text.find("attempt 2 of 3") < text.find("attempt 1 of 3"));
  CHECK(kinds(cli, id) == "failed raised_by retried retried earlier_error started");
}

TEST_CASE("why tells what is under way, and what is in doubt when its process is gone") {
  Cli cli;
  const std::string file =
      cli.write("slow.lua", runbook("step('Move it', function()\n" + slow_change(cli) + "\nend)",
                                    "allow = { \"process.exec\" },"));
  std::string id, pid;
  {
    Running running = cli.start({"run", file});
    await_file(cli.folder() + "/begun");
    id = newest_run(cli);
    pid = std::to_string(running.pid());
    check_has(cli.run({"why", id}).out,
              {"process.exec {", "is under way, in process " + pid + " (begun 20",
               "slow.lua:4, in step 'Move it'"});
    CHECK(kinds(cli, id) == "operation started");
    running.signal(SIGKILL);
    running.wait();
  }
  check_has(cli.run({"why", id}).out,
            {"  interrupted\n", "process " + pid + " (begun 20", "that carried it is gone",
             "next: engine resume " + id + " goes on with it",
             "had begun, and nobody knows whether it took effect",
             "then engine resume " + id + " --assume done, or --assume not-done"});
  CHECK(kinds(cli, id) == "interrupted in_doubt started");
  cli.write("go", "");
  CHECK(cli.run({"resume", id, "--assume", "done"}).code == 0);
  check_has(cli.run({"why", id}).out,
            {"it was taken up again by unix:",
             "who said of what was in doubt: done; process " + pid + ", which carried it from 20"});
  CHECK(kinds(cli, id) == "succeeded taken_over started");
}

TEST_CASE("why tells of a wait whose process is gone, and who took the run up again") {
  Cli cli;
  const std::string file = cli.write(
      "twice.lua", runbook("sleep '2s'\nfs.write{ path = '" + cli.folder() + "/x', data = '' }",
                           "allow = { \"fs:change\" },"));
  std::string id;
  {
    Running running = cli.start({"run", file});
    id = await_waiting(cli, 1);
    running.signal(SIGKILL);
  }
  check_has(cli.run({"why", id}).out, {"that carried it is gone", "it sleeps until 20"});
  CHECK(cli.run({"cancel", id}).code == 0);
  check_has(cli.run({"why", id}).out,
            {"has asked it to end", "engine resume " + id + " lets it end"});
  CHECK(cli.run({"resume", id}).code == 130);
  CHECK(kinds(cli, id) == "cancelled taken_over started");
}

TEST_CASE("why tells as which run another went on, and of attempts") {
  Cli cli;
  cli.write("chain.lua", runbook("if ctx.params.left > 0 then\n"
                                 "return continue_as{ left = ctx.params.left - 1 } end",
                                 "params = { { \"left\", \"integer\", \"How many\" } },"));
  CHECK(cli.run({"run", cli.folder() + "/chain.lua", "--left", "1"}).code == 0);
  std::string first, last;
  const std::string runs = cli.run({"runs", "-o", "jsonl"}).out;
  for (const std::string_view line : split(trim(runs), '\n')) {
    const std::string next = unquoted(member(member(line, "result"), "continued_as"));
    if (!next.empty()) first = unquoted(member(line, "run")), last = next;
  }
  check_has(cli.run({"why", first}).out, {"it goes on as run " + last, "engine why " + last});
  check_has(cli.run({"why", last}).out, {"it has succeeded", "run " + first + " went on as this"});

  const std::string file = cli.write("look.lua", runbook("step('Look', function()\n"
                                                         "return fs.read{ path = '" +
                                                         cli.folder() + "/none' } end)"));
  CHECK(cli.run({"run", file}).code == 1);
  const std::string id = newest_run(cli);
  CHECK(cli.run({"resume", id, "--from", "Look"}).code == 1);
  check_has(cli.run({"why", id}).out, {"attempt 2, from the step 'Look' on, was begun by unix:",
                                       "the attempt before had failed"});
  CHECK(kinds(cli, id) == "failed raised_by attempt earlier_end started");
  CHECK(cli.run({"why", "zzz"}).code == 65);
  CHECK(cli.run({"why"}).code == 64);
}
