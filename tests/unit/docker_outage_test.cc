// A real Docker daemon that is stopped, hangs, and is killed in the middle of calls; and many calls
// at once.
#include "engine/loop/timer.h"
#include "tests/support/docker_fixture.h"

using namespace engine;
using test::DockerDaemon;
using test::DockerWorld;
using test::kIdle;

namespace {

// Many calls at once, in one loop.
struct Crowd {
  explicit Crowd(PluginFixture& of) : world(of) {}

  void add(const std::string& name, const std::string& given) {
    const auto found = world.registry.find(name);
    REQUIRE(found.has_value());
    const ops::Operation& operation = **found;
    auto args = ops::check_args(operation, given);
    REQUIRE(args.has_value());
    ops::CallInput input;
    input.operation = name;
    input.args = *args;
    input.key = "test";
    input.timeout = operation.timeout;
    ++open;
    tasks.push_back(operation.start(std::move(input), [this](Result<std::string> outcome) {
      outcomes.push_back(std::move(outcome));
      if (--open == 0) world.loop.stop();
    }));
  }
  void run() { world.loop.run(); }

  PluginFixture& world;
  int open = 0;
  std::vector<TaskPtr> tasks;
  std::vector<Result<std::string>> outcomes;
};

}  // namespace

TEST_CASE("fifty calls at once are all answered", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run(kIdle);
  Crowd crowd(world);

  for (int i = 0; i < 50; ++i) {
    crowd.add("docker.container.exec",
              world.of(name, R"("argv":["echo",")" + std::to_string(i) + "\"]"));
    crowd.add("docker.container.get", world.of(name));
  }
  crowd.run();

  int echoed = 0;
  for (const auto& outcome : crowd.outcomes) {
    REQUIRE(outcome.has_value());
    const Json answer(*outcome);
    if (answer.has("/exit_code") && answer.has("/stdout")) ++echoed;
  }
  CHECK(crowd.outcomes.size() == 100);
  CHECK(echoed == 50);
}

TEST_CASE("a daemon that is stopped is unavailable and comes back", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon daemon;
  DockerWorld world(daemon);
  world.answer("docker.container.list", "{}");

  daemon.stop();
  CHECK(world.code("docker.container.list", "{}") == "BACKEND_UNAVAILABLE");
  daemon.start();
  world.answer("docker.container.list", "{}");
}

TEST_CASE("a daemon that is killed in the middle of a call leaves it in doubt", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon daemon;
  DockerWorld world(daemon);
  const std::string name = world.run(kIdle);
  Crowd crowd(world);

  crowd.add("docker.container.exec",
            world.of(name, R"("argv":["sh","-c","touch /tmp/started; sleep 600"])"));
  crowd.add("docker.container.wait", world.of(name));
  const auto started = [&] {
    return world.docker.request("HEAD", "/containers/" + name + "/archive?path=/tmp/started")
               .status == 200;
  };
  std::function<void()> look = [&] {
    if (started()) return daemon.kill();
    crowd.tasks.push_back(start_timer(world.loop, Millis(20), look));
  };
  look();
  crowd.run();

  REQUIRE(crowd.outcomes.size() == 2);
  for (const auto& outcome : crowd.outcomes) {
    REQUIRE_FALSE(outcome.has_value());
    // What a program wrote ends with the connection: that it was cut is seen a question later.
    const std::string code = outcome.error().code;
    CHECK((code == "NETWORK_ERROR" || code == "BACKEND_UNAVAILABLE"));
    CHECK(outcome.error().outcome_unknown);
  }
  CHECK(world.code("docker.container.get", world.of(name)) == "BACKEND_UNAVAILABLE");
  daemon.start();
  CHECK(world.get(name).text("/name") == name);
}

TEST_CASE("a daemon that hangs is a timeout and goes on where it was", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon daemon;
  PluginFixture world(R"({"host":")" + daemon.docker_host() + R"(","timeout":"2s"})");
  world.answer("docker.container.list", "{}");

  daemon.pause();
  const auto hung = world.call("docker.container.list", "{}");
  REQUIRE_FALSE(hung.has_value());
  CHECK(hung.error().code == "TIMEOUT");
  CHECK(hung.error().hint.find("plugins.docker.timeout") != std::string::npos);
  daemon.resume();
  world.answer("docker.container.list", "{}");
}
