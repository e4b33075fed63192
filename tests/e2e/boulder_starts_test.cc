// The runbook of Boulder's alert "Workspace Start Failure Rate", on a real dockerd: how it counts,
// judges and escalates.
#include "tests/support/boulder.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::test;

namespace {

constexpr const char* kRunbook = "workspace-start-failures";

// A runbook of the same name has the same state: it puts the moment of the first sight back.
constexpr const char* kEarlier = R"(return runbook {
  summary = "Has seen it before.", allow = { "state:change" },
  run = function()
    state.set { name = "incident/default", value = { since = (os.time() - 31 * 60) * 1000 } }
  end,
})";

}  // namespace

TEST_CASE("starts without a failure are well and so is a host without workspaces", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;

  const Ended none = boulder.run(kRunbook);
  INFO(none.out << none.err);
  CHECK(none.code == 0);
  CHECK(contains(none.out, "UNKNOWN: Docker saw no start of a workspace in the last 1h"));

  boulder.workspace("one", "ada");
  boulder.workspace("done", "bob", "exit 0");
  boulder.docker.wait("ws-done");
  const Ended well = boulder.run(kRunbook);
  INFO(well.out << well.err);
  CHECK(well.code == 0);
  CHECK(contains(well.out, "OK: 0 of 2 workspace starts failed"));
  CHECK_FALSE(contains(well.out, "CAUSE"));

  const std::string result = boulder.result(kRunbook);
  CHECK(at(result, "verdict") == "ok");
  CHECK(at(result, "escalate.needed") == "false");
  CHECK(at(result, "failing_since").empty());
}

TEST_CASE("a start fails by its error or a soon death and not when somebody stops it", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("fine", "ada");
  boulder.workspace("crash", "ada", "echo 'fatal: no configuration' >&2; exit 3");
  boulder.workspace("stopped", "bob");
  boulder.docker.request("POST", "/containers/ws-stopped/kill");
  boulder.failing(1, "missing");
  boulder.failing(1, "gone");
  boulder.docker.remove("ws-gone1");
  boulder.workspace("greedy", "", "tail /dev/zero",
                    R"("HostConfig":{"Memory":8388608,"MemorySwap":8388608})");
  boulder.docker.wait("ws-greedy");
  boulder.docker.wait("ws-crash");
  boulder.docker.wait("ws-stopped");

  const std::string result = boulder.result(kRunbook);
  INFO(result);
  CHECK(at(result, "starts") == "6");
  CHECK(at(result, "failed") == "4");
  CHECK(contains(at(result, "workspaces"), "crash"));
  CHECK(contains(at(result, "workspaces"), "missing1"));
  CHECK(contains(at(result, "workspaces"), "gone1"));
  CHECK_FALSE(contains(at(result, "workspaces"), "stopped"));
  CHECK(contains(at(result, "users"), "unknown owner of greedy"));
  CHECK(contains(at(result, "errors"), "executable file not found"));
  CHECK(contains(at(result, "errors"), "fatal: no configuration"));
  CHECK(contains(at(result, "errors"), "removed before it ever started"));
  CHECK(contains(at(result, "causes"), "out_of_memory"));
}

TEST_CASE("a failure rate of 5 percent is no alert and a higher one is", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("busy", "ada", "sleep 1000");
  for (int i = 0; i < 18; ++i) boulder.docker.request("POST", "/containers/ws-busy/restart?t=0");
  boulder.failing(1, "first");

  const std::string below = boulder.result(kRunbook);
  INFO(below);
  CHECK(at(below, "starts") == "20");
  CHECK(at(below, "rate_percent") == "5.0");
  CHECK(at(below, "verdict") == "ok");
  CHECK(at(below, "failing_since").empty());

  boulder.failing(1, "second");
  const std::string above = boulder.result(kRunbook);
  INFO(above);
  CHECK(at(above, "starts") == "21");
  CHECK(at(above, "verdict") == "warning");
  CHECK(at(above, "escalate.needed") == "false");
  CHECK_FALSE(at(above, "failing_since").empty());
  const Ended words = boulder.run(kRunbook);
  CHECK(contains(words.out, "WARNING: 2 of 21 workspace starts failed in the last 1h (9.5 %)"));
  CHECK(contains(words.out, "No reason to escalate yet"));
}

TEST_CASE("each of the three criteria escalates by itself", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("fine", "ada");
  boulder.failing(11, "user");

  const std::string rate = boulder.result(kRunbook, {"--escalate-users", "11"});
  INFO(rate);
  CHECK(at(rate, "verdict") == "critical");
  CHECK(contains(at(rate, "escalate.reasons"), "error rate is 92 % (escalate above 20 %)"));
  CHECK_FALSE(contains(at(rate, "escalate.reasons"), "users"));

  const std::string users = boulder.result(kRunbook, {"--escalate-rate", "100"});
  INFO(users);
  CHECK(at(users, "escalate.reasons") == R"-(["11 users are affected (escalate above 10)"])-");

  const std::vector<std::string> lenient = {"--escalate-rate", "100", "--escalate-users", "11"};
  CHECK(at(boulder.result(kRunbook, lenient), "escalate.needed") == "false");
  std::vector<std::string> longer = lenient;
  longer.insert(longer.end(), {"--firing-for", "31m"});
  const std::string lasting = boulder.result(kRunbook, longer);
  INFO(lasting);
  CHECK(at(lasting, "escalate.reasons") == R"-(["it lasts for 31 min (escalate after 30m)"])-");

  const Ended words = boulder.run(kRunbook, {"--dry-run"});
  CHECK(contains(words.out, "CRITICAL, ESCALATE: 11 of 12 workspace starts failed"));
  CHECK(contains(words.out, "ESCALATE, because"));
}

TEST_CASE("what lasts is known from earlier runs until a run sees it end", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.failing(1, "user");
  const std::vector<std::string> lenient = {"--escalate-rate", "100"};

  CHECK(at(boulder.result(kRunbook, {"--escalate-rate", "100", "--firing-for", "40m", "--dry-run"}),
           "escalate.needed") == "true");
  CHECK(at(boulder.result(kRunbook, lenient), "escalate.needed") == "false");

  const std::string file = boulder.cli.write("site/boulder/workspace-start-failures.lua", kEarlier);
  REQUIRE(boulder.run(kRunbook).code == 0);
  unlink(file.c_str());
  const std::string lasting = boulder.result(kRunbook, lenient);
  INFO(lasting);
  CHECK(contains(at(lasting, "escalate.reasons"), "it lasts for 31 min"));

  CHECK(at(boulder.result(kRunbook, {"--max-rate", "100"}), "verdict") == "ok");
  CHECK(at(boulder.result(kRunbook, lenient), "escalate.needed") == "false");
}

TEST_CASE("what Docker has forgotten is known from earlier runs and else said to be missing",
          "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("fine", "ada");
  boulder.failing(1, "gone");
  boulder.docker.remove("ws-gone1");
  CHECK(at(boulder.result(kRunbook), "failed") == "1");

  // Docker keeps 256 events, of whatever kind.
  const std::string tag = std::string("/images/") + DockerDaemon::kImage + "/tag?repo=many&tag=";
  for (int i = 0; i < 256; ++i) boulder.docker.request("POST", tag + "t" + std::to_string(i));

  const std::string known = boulder.result(kRunbook);
  INFO(known);
  CHECK(at(known, "starts") == "2");
  CHECK(at(known, "failed") == "1");
  CHECK_FALSE(at(known, "events_since").empty());

  // Another folder of state is one without earlier runs.
  const Ended unknown = boulder.run(kRunbook, {"--state-dir", boulder.cli.folder() + "/other"});
  INFO(unknown.out << unknown.err);
  CHECK(contains(unknown.out, "UNKNOWN: 0 of 1 workspace start failed in the last 1h"));
  CHECK(contains(unknown.out, "Docker's events reach back only to "));
}

TEST_CASE("a daemon that is stopped is told in words with the host and escalated", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Boulder boulder;
  boulder.docker.stop();

  const Ended starts = boulder.run(kRunbook);
  INFO(starts.out << starts.err);
  CHECK(starts.code == 0);
  CHECK(contains(starts.out, "CRITICAL, ESCALATE: Docker does not answer"));
  CHECK(contains(starts.out, "processor"));
  CHECK(contains(starts.out, "network "));
  const std::string result = boulder.result(kRunbook);
  CHECK(at(result, "verdict") == "critical");
  CHECK(at(result, "docker_outage.code") == "BACKEND_UNAVAILABLE");
  CHECK(at(result, "escalate.needed") == "true");
  CHECK_FALSE(at(result, "failing_since").empty());

  const Ended memory = boulder.run("high-memory", {"-o", "json"});
  CHECK(memory.code != 0);
  CHECK(at(memory.out, "error.code") == "BACKEND_UNAVAILABLE");
  boulder.docker.start();
}

TEST_CASE("a daemon that hangs is an outage and one that cannot be asked is none", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Boulder boulder;
  boulder.cli.env["ENGINE_PLUGINS_DOCKER_TIMEOUT"] = "500ms";
  boulder.docker.pause();
  const std::string hung = boulder.result(kRunbook);
  const Ended memory = boulder.run("high-memory");
  boulder.docker.resume();
  INFO(hung << memory.out << memory.err);
  CHECK(at(hung, "verdict") == "critical");
  CHECK(at(hung, "docker_outage.code") == "TIMEOUT");
  CHECK(memory.code != 0);
  CHECK(contains(memory.out, "memory of "));
  CHECK(contains(memory.out, "Docker does not answer, so workspaces are unknown"));
  CHECK(contains(memory.out, "Largest processes"));

  const Ended unknown = boulder.run(kRunbook, {"--daemon", "nowhere"});
  INFO(unknown.out << unknown.err);
  CHECK(unknown.code != 0);
  CHECK(contains(unknown.out, "UNKNOWN: Docker could not be asked"));
  CHECK(contains(unknown.out, "do: name it in the configuration"));
  boulder.cli.env["DOCKER_HOST"] = "carrier-pigeon://loft";
  const Ended wrong = boulder.run(kRunbook);
  INFO(wrong.out << wrong.err);
  CHECK(wrong.code != 0);
  CHECK(contains(wrong.out, "UNKNOWN: Docker could not be asked"));
}

TEST_CASE("Boulder's runbooks are found by name and pass the check", "[boulder]") {
  const Cli cli;

  const Ended list = cli.run({"list"});
  CHECK(contains(list.out, "boulder/high-memory"));
  CHECK(contains(list.out, "boulder/workspace-start-failures"));
  CHECK_FALSE(contains(list.out, "boulder/settings"));
  const Ended check = cli.run({"check", SOURCE_DIR "/runbooks"});
  INFO(check.out << check.err);
  CHECK(check.code == 0);
  const Ended help = cli.run({"run", "boulder/workspace-start-failures", "--help"});
  CHECK(contains(help.out, "--escalate-users"));
  CHECK(contains(help.out, "--cleanup"));
}

TEST_CASE("a site sets its own labels and limits beside none of our files", "[boulder]") {
  Cli cli;
  cli.env["ENGINE_RUNBOOKS"] = cli.folder() + "/site:" SOURCE_DIR "/runbooks";
  cli.write("site/boulder/site.lua", "return { start_failures = { escalate_users = 77 } }");
  const std::vector<std::string> help = {"run", "boulder/workspace-start-failures", "--help"};
  const Ended own = cli.run(help);
  CHECK(contains(own.out, "77"));

  cli.write("site/boulder/site.lua", "return { start_failures = { escalate_user = 77 } }");
  const Ended wrong = cli.run({"run", "boulder/workspace-start-failures"});
  INFO(wrong.out << wrong.err);
  CHECK(wrong.code != 0);
  CHECK(contains(wrong.err, "site.lua sets start_failures.escalate_user, which is no setting"));
}
