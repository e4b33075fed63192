// A run on a terminal: a spinner, Ctrl-C, narrow and resized windows.
#include <signal.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/cli.h"

using engine::test::Cli;
using engine::test::member;
using engine::test::TerminalRun;

namespace {

constexpr const char* kSleeping =
    "return runbook { summary = 's', run = function()\n"
    "  step('Waiting for something that never comes', function() sleep('1h') end)\n"
    "end }";

}  // namespace

TEST_CASE("a terminal shows a spinner, and Ctrl-C cancels the run cleanly") {
  Cli cli;
  const std::string file = cli.write("wait.lua", kSleeping);
  TerminalRun terminal(cli, {"run", file}, 80);
  REQUIRE(terminal.read_until("⠙"));
  REQUIRE(terminal.read_until("⠹"));
  CHECK(terminal.seen().find("Waiting for something") != std::string::npos);
  terminal.type("\x03");
  CHECK(terminal.wait() == 130);
  CHECK(terminal.seen().find("cancelled") != std::string::npos);
  CHECK(cli.run({"runs", "--state", "cancelled", "-o", "jsonl"}).out.find("wait") !=
        std::string::npos);
}

TEST_CASE("a second Ctrl-C ends a run whose cleaning up does not") {
  Cli cli;
  const std::string file = cli.write(
      "stubborn.lua",
      "return runbook { summary = 's', run = function()\n"
      "  local guard <close> = setmetatable({}, { __close = function() sleep('1h') end })\n"
      "  step('Here', function() sleep('1h') end)\n"
      "end }");
  TerminalRun terminal(cli, {"run", file}, 80);
  REQUIRE(terminal.read_until("Here"));
  terminal.type("\x03");
  REQUIRE(terminal.read_until("once more"));
  terminal.type("\x03");
  CHECK(terminal.wait() == 130);
}

TEST_CASE("a narrow window and one that changes its size get lines that fit") {
  Cli cli;
  const std::string file = cli.write("wait.lua", kSleeping);
  TerminalRun terminal(cli, {"run", file}, 30);
  REQUIRE(terminal.read_until("⠹"));
  CHECK(terminal.seen().find("never comes") == std::string::npos);
  terminal.resize(100);
  REQUIRE(terminal.read_until("never comes"));
  terminal.resize(22);
  REQUIRE(terminal.read_until("⠧"));
  terminal.type("\x03");
  CHECK(terminal.wait() == 130);
}

TEST_CASE("without a terminal SIGINT and SIGTERM cancel as well") {
  for (const int number : {SIGINT, SIGTERM}) {
    Cli cli;
    const std::string file =
        cli.write("wait.lua",
                  "return runbook { summary = 's', allow = { 'fs:change' }, run = function()\n"
                  "  fs.write{ path = '" +
                      cli.folder() +
                      "/begun', data = 'x' } sleep('1h')\n"
                      "end }");
    engine::test::Running run = cli.start({"run", file, "-o", "json"});
    while (cli.read("begun").empty()) usleep(1000);
    run.signal(number);
    const engine::test::Ended ended = run.wait();
    CHECK(ended.code == 130);
    CHECK(member(ended.out, "state") == "\"cancelled\"");
  }
}
