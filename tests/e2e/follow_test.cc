// engine logs and trace with --follow, of runs in other processes.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/base/json_read.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using namespace engine::test;

namespace {

std::string unquoted(const std::string& text) {
  return text.size() < 2 ? "" : text.substr(1, text.size() - 2);
}

// Until a run waits; its id.
std::string await_waiting(const Cli& cli) {
  for (;;) {
    const std::string lines = cli.run({"runs", "--waiting", "-o", "jsonl"}).out;
    if (!lines.empty()) return unquoted(member(lines.substr(0, lines.find('\n')), "run"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string runbook(const std::string& body, const std::string& more = "") {
  return "return runbook { summary = \"A test.\", " + more + "\nrun = function(ctx)\n" + body +
         "\nend }\n";
}

// Says something before it waits and afterwards.
constexpr const char* kTalk = R"(step("Talk", function()
    log.info("before", { n = 1 })
    local given = wait_for{ signal = "go" }.data
    log.warn("after " .. given)
    if given == "bad" then fail("CONFLICT", "it went bad") end
  end))";

}  // namespace

TEST_CASE("logs are followed in another process until the run ends, with its exit code") {
  Cli cli;
  Running running = cli.start({"run", cli.write("talk.lua", runbook(kTalk))});
  const std::string id = await_waiting(cli);
  Running text = cli.start({"logs", id, "--follow"});
  Running json = cli.start({"logs", id, "-f", "-o", "json"});
  text.await("info  before");
  text.await("talk.lua:5");
  json.await("before");
  CHECK(cli.run({"signal", id, "go", "--data", "\"bad\""}).code == 0);
  CHECK(running.wait().code == 1);
  const Ended ended = text.wait(), lines = json.wait();
  CHECK(ended.code == 1);
  CHECK(ended.out.find("warn  after bad") != std::string::npos);
  CHECK(ended.err.find("it went bad") != std::string::npos);
  CHECK(ended.err.find("failed in ") != std::string::npos);
  CHECK(lines.code == 1);
  CHECK(std::count(lines.out.begin(), lines.out.end(), '\n') == 2);
  const std::string second = lines.out.substr(lines.out.find('\n') + 1);
  CHECK(unquoted(member(second, "message")) == "after bad");
  CHECK(unquoted(member(second, "run")) == id);
  CHECK(cli.run({"logs", id, "--follow"}).code == 1);
}

TEST_CASE("a follower outlives the process that carries the run") {
  Cli cli;
  const std::string file = cli.write("talk.lua", runbook(kTalk));
  std::string id;
  std::optional<Running> follower;
  {
    Running running = cli.start({"run", file});
    id = await_waiting(cli);
    follower.emplace(cli.start({"logs", id, "--follow"}));
    follower->await("before");
    running.signal(SIGKILL);
    running.wait();
  }
  follower->await("run " + id + " is interrupted: its process is gone; `engine resume " + id);
  REQUIRE(cli.run({"signal", id, "go", "--data", "\"well\""}).code == 0);
  CHECK(cli.run({"resume", id}).code == 0);
  const Ended ended = follower->wait();
  CHECK(ended.code == 0);
  CHECK(ended.out.find("before") == ended.out.rfind("before"));
  CHECK(ended.out.find("after well") != std::string::npos);
}

TEST_CASE("a follower that is interrupted leaves the run alone") {
  Cli cli;
  Running running = cli.start({"run", cli.write("talk.lua", runbook(kTalk))});
  const std::string id = await_waiting(cli);
  Running follower = cli.start({"trace", id, "--follow"});
  follower.await("Talk");
  follower.signal(SIGINT);
  CHECK(follower.wait().code == 130);
  CHECK(cli.run({"signal", id, "go", "--data", "\"well\""}).code == 0);
  CHECK(running.wait().code == 0);
}

TEST_CASE("a trace is followed through a chain of runs, a line for each thing") {
  Cli cli;
  cli.write("chain.lua", runbook(R"(
    wait_for{ signal = "go" }
    step("Part " .. ctx.params.left, function() fs.stat{ path = "/" } sleep "1ms" end)
    if ctx.params.left > 0 then return continue_as{ left = ctx.params.left - 1 } end)",
                                 "params = { { \"left\", \"integer\", \"How many\" } },"));
  Running running = cli.start({"run", cli.folder() + "/chain.lua", "--left", "1"});
  const std::string first = await_waiting(cli);
  Running text = cli.start({"trace", first, "--follow"});
  Running json = cli.start({"trace", first, "--follow", "-o", "json"});
  text.await("waits: signal go");
  json.await("waits: signal go");
  REQUIRE(cli.run({"signal", first, "go"}).code == 0);
  text.await("run " + first + " goes on as run ");
  std::string second = first;
  while (second == first) second = await_waiting(cli);
  REQUIRE(cli.run({"signal", second, "go"}).code == 0);
  CHECK(running.wait().code == 0);
  const Ended ended = text.wait(), lines = json.wait();
  INFO(ended.out);
  CHECK(ended.code == 0);
  CHECK(ended.out.find(" Part 1  ...") < ended.out.find("   fs.stat {\"path\":\"/\"}  ok"));
  CHECK(ended.out.find("-> {") != std::string::npos);
  CHECK(ended.out.find(" Part 1  ok") < ended.out.find(" Part 0  ok"));
  CHECK(lines.code == 0);
  std::string all = lines.out;
  size_t of_second = 0;
  for (size_t at = 0, end; (end = all.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = all.substr(at, end - at);
    REQUIRE(read_json(line));
    CHECK_FALSE(member(line, "kind").empty());
    of_second += unquoted(member(line, "run")) == second ? 1 : 0;
  }
  CHECK(of_second >= 4);
}

TEST_CASE("a follower hears within a moment and does not keep the log of writes from being cut") {
  Cli cli;
  const std::string file = cli.write("many.lua", runbook(R"(
    wait_for{ signal = "go" }
    for i = 1, 300 do
      state.set{ name = "n" .. i, value = ("x"):rep(1000) }
      log.info("at " .. i)
    end)",
                                                         "allow = { \"state:change\" },"));
  Running running = cli.start({"run", file});
  const std::string id = await_waiting(cli);
  Running follower = cli.start({"logs", id, "--follow", "-o", "jsonl"});
  follower.await("waits: signal go");
  REQUIRE(cli.run({"signal", id, "go"}).code == 0);
  CHECK(running.wait().code == 0);
  const Ended ended = follower.wait();
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 300);
}
