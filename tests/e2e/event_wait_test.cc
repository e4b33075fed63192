// A run that waits for what happens in a real Docker daemon.
#include <signal.h>

#include "tests/support/catch.h"
#include "tests/support/docker_daemon.h"
#include "tests/support/waiting.h"

using namespace engine::test;

namespace {

std::string waits_for_the_end_of(const std::string& name) {
  return runbook_that_waits("local name = '" + name + "'" + R"(
    local function happened(kind)
      local match = { kind = kind, data = { name = name } }
      return wait_for{ event = "docker.container", match = match, timeout = "5m" }
    end
    return { happened("die").data.exit_code, happened("destroy").kind })");
}

}  // namespace

TEST_CASE("a run is given what happens in Docker also where it was killed meanwhile", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  const std::string name = unique("event");
  Cli cli;
  cli.env["DOCKER_HOST"] = daemon.docker_host();
  const std::string file = cli.write("wait.lua", waits_for_the_end_of(name));
  std::string id;
  {
    Running running = cli.start({"run", file});
    id = run_of(await_waiting(cli));
    CHECK(cli.run({"runs", "--waiting"}).out.find("event docker.container") != std::string::npos);
    running.signal(SIGKILL);
    running.wait();
  }
  daemon.run(name, "exit 3");
  daemon.wait(name);
  daemon.remove(name);
  const Ended ended = cli.run({"resume", id, "-o", "json"});
  INFO(ended.err);
  CHECK(member(ended.out, "result") == R"([3,"destroy"])");
}

TEST_CASE("a run waits for a Docker daemon that is away", "[docker]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon daemon;
  const std::string name = unique("away");
  Cli cli;
  cli.env["DOCKER_HOST"] = daemon.docker_host();
  const std::string file = cli.write("wait.lua", waits_for_the_end_of(name));
  Running running = cli.start({"run", file, "-o", "json"});
  await_waiting(cli);
  daemon.kill();
  while (await_waiting(cli).find("\"away\":") == std::string::npos) {
  }
  CHECK(cli.run({"runs", "--waiting"}).out.find("not followed now") != std::string::npos);
  daemon.start();
  daemon.run(name, "exit 4");
  daemon.wait(name);
  daemon.remove(name);
  CHECK(member(running.wait().out, "result") == R"([4,"destroy"])");
}
