// Docker's calls in doubt: what the daemon knows settles them.
#include "engine/plugin/host.h"
#include "tests/support/crash_fixture.h"
#include "tests/support/docker_daemon.h"
#include "tests/support/plugin_fixture.h"

using namespace engine;
using namespace engine::runs;
using namespace engine::test;

namespace {

struct DockerCrash : CrashFixture {
  explicit DockerCrash(DockerDaemon& daemon)
      : docker(daemon),
        host(loop, registry, secrets,
             {.folders = {BUILT_PLUGINS},
              .config = [&daemon](std::string_view) { return daemon.settings(); }}) {}
  ~DockerCrash() { docker.remove(name); }

  Outcome run_docker(const std::string& body) {
    const Outcome outcome = run(body, R"(allow = { "docker:destroy" },)");
    INFO(outcome.error);
    REQUIRE(outcome.state == "succeeded");
    return outcome;
  }
  size_t count() const {
    const HttpAnswer answer =
        docker.request("GET", R"(/containers/json?all=1&filters={"name":[")" + name + R"("]})");
    return Json(answer.body).list().size();
  }

  DockerDaemon& docker;
  plugin::Host host;
  const std::string name = unique("resumed");
};

}  // namespace

TEST_CASE("rule 4: a container whose creation is in doubt is found by its key", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerCrash world(DockerDaemon::shared());
  const Outcome whole = world.run_docker("return docker.container.create{ image = '" +
                                         std::string(DockerDaemon::kImage) + "', name = '" +
                                         world.name + "', command = { 'true' } }.id");
  const std::vector<std::string> journal = world.entries(whole.id);
  const std::vector<std::string> kept = until(journal, first(journal, "\"call\"") + 1);

  world.crash(whole.id, kept);
  CHECK(world.resume(whole.id).result == whole.result);
  CHECK(world.count() == 1);

  world.docker.remove(world.name);
  world.crash(whole.id, kept);
  const Outcome made = world.resume(whole.id);
  CHECK(made.state == "succeeded");
  CHECK(made.result != whole.result);
  CHECK(world.count() == 1);
}

TEST_CASE("rule 4: a program that ran in a container stays in doubt", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerCrash world(DockerDaemon::shared());
  world.docker.run(world.name, "while :; do sleep 0.05; done");
  const Outcome whole = world.run_docker("docker.container.exec{ container = '" + world.name +
                                         "', argv = { 'sh', '-c', 'echo x >> /ledger' } }\n"
                                         "return docker.container.exec{ container = '" +
                                         world.name + "', argv = { 'cat', '/ledger' } }.out");
  const std::vector<std::string> journal = world.entries(whole.id);
  const std::vector<std::string> kept = until(journal, first(journal, "\"call\"") + 1);

  world.crash(whole.id, kept);
  CHECK(world.resume(whole.id).error.find("IN_DOUBT") != std::string::npos);
  const Outcome settled = world.resume({.run = whole.id, .assumed = ops::Call::Assumed::done});
  CHECK(settled.result == whole.result);
}
