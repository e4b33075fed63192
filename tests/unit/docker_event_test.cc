// Docker's events: what the daemon remembers, and what is followed live, also across its death.
#include "tests/support/docker_daemon.h"
#include "tests/support/plugin_fixture.h"

using namespace engine;
using engine::test::DockerDaemon;
using engine::test::unique;

namespace {

// Follows a source, and gathers what it tells as "KIND NAME".
struct Follower : PluginFixture {
  explicit Follower(const DockerDaemon& daemon) : PluginFixture(daemon.settings()) {}

  void follow(const std::string& source, plugin::FollowOptions options) {
    options.delay_min = Millis(20);
    options.delay_max = Millis(50);
    plugin::FollowEvents heard;
    heard.following = [this] { note("following"); };
    heard.lost = [this](const Error&, Millis) { note("lost"); };
    heard.failed = [this](const Error& error) { note("failed " + error.code); };
    heard.event = [this](const plugin::Event& event) {
      events.push_back(event);
      note(event.kind + " " + Json(event.data).text("/name"));
    };
    auto followed = host().follow(source, std::move(options), std::move(heard));
    REQUIRE(followed);
    subscription = std::move(*followed);
  }
  void note(const std::string& what) {
    told.push_back(what);
    loop.stop();
  }
  void run_until(const std::string& what, long times = 1) {
    while (std::ranges::count(told, what) < times) loop.run();
  }
  long count(const std::string& what) const { return std::ranges::count(told, what); }

  std::vector<plugin::Event> events;
  std::vector<std::string> told;
  std::unique_ptr<plugin::Subscription> subscription;
};

std::string labelled(const std::string& label) {
  return "{\"filters\":{\"label\":\"" + label + "\"}}";
}
std::string label(const std::string& name) { return "\"Labels\":{\"" + name + "\":\"1\"}"; }

}  // namespace

TEST_CASE("the daemon's past events are listed", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  PluginFixture docker(daemon.settings());
  const std::string name = unique("past");
  daemon.run(name, "exit 3");
  daemon.wait(name);
  daemon.remove(name);

  const std::string asked = "{\"filters\":{\"container\":\"" + name + "\"}";
  const Json all = docker.answer("docker.event.list", asked + "}");
  CHECK(all.text("/0/action") == "create");
  CHECK(all.text("/0/type") == "container");
  CHECK(all.text("/0/name") == name);
  CHECK(all.text("/0/image") == DockerDaemon::kImage);
  CHECK(all.text("/0/time").ends_with("Z"));
  bool died = false;
  for (const auto event : all.list()) {
    if (std::string_view(event["action"]) != "die") continue;
    died = true;
    CHECK(int64_t(event["exit_code"]) == 3);
  }
  CHECK(died);
  const Json last = docker.answer("docker.event.list", asked + ",\"limit\":1,\"since\":\"1h\"}");
  CHECK(last.list().size() == 1);
  CHECK(last.text("/0/action") == "destroy");
  const Json none = docker.answer("docker.event.list", asked + ",\"until\":\"1h\"}");
  CHECK(none.list().size() == 0);
}

TEST_CASE("what happens to containers is followed while they die", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  const std::string name = unique("live");
  Follower docker(daemon);
  docker.follow("docker.container", {.args = labelled(name)});
  docker.run_until("following");

  const std::string id = daemon.run(name, "exit 7", label(name));
  docker.run_until("die " + name);
  daemon.remove(name);
  docker.run_until("destroy " + name);

  CHECK(docker.told.at(1) == "create " + name);
  for (const plugin::Event& event : docker.events) {
    CHECK(event.subject == id);
    if (event.kind == "die") CHECK(Json(event.data).integer("/exit_code") == 7);
  }
  CHECK(docker.count("lost") == 0);
}

TEST_CASE("following from a cursor goes on behind that very event", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  const std::string name = unique("cursor");
  Follower first(daemon);
  first.follow("docker.container", {.args = labelled(name)});
  first.run_until("following");
  daemon.run(name, "true", label(name));
  first.run_until("die " + name);
  daemon.remove(name);
  first.run_until("destroy " + name);

  const auto events = first.events;
  const auto told = first.told;

  for (size_t from = 0; from < events.size(); ++from) {
    first.told.clear();
    first.follow("docker.container", {.args = labelled(name), .cursor = events[from].cursor});
    first.run_until("following");
    if (from + 1 < events.size()) first.run_until("destroy " + name);
    const std::vector<std::string> rest(told.begin() + 2 + static_cast<long>(from), told.end());
    CHECK(std::vector<std::string>(first.told.begin() + 1, first.told.end()) == rest);
  }
}

TEST_CASE("what is no cursor is refused", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Follower docker(DockerDaemon::shared());
  docker.follow("docker.container", {.cursor = "yesterday"});
  docker.run_until("failed INVALID_ARGUMENT");
  CHECK(docker.count("lost") == 0);
}

TEST_CASE("no event is missed or told twice when the daemon is killed and comes back", "[docker]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon daemon;
  Follower docker(daemon);
  docker.follow("docker.container", {});
  docker.run_until("following");
  daemon.run("before", "true");
  docker.run_until("die before");

  daemon.kill();
  daemon.start();
  // Nobody listens while this happens; the daemon remembers.
  daemon.run("between", "true");
  daemon.wait("between");
  docker.run_until("following", 2);
  docker.run_until("die between");
  daemon.stop();
  daemon.start();
  daemon.run("after", "true");
  docker.run_until("die after");

  CHECK(docker.count("lost") >= 2);
  for (const char* name : {"before", "between", "after"}) {
    for (const char* kind : {"create ", "start ", "die "}) {
      INFO(kind << name);
      CHECK(docker.count(std::string(kind) + name) == 1);
    }
  }
}

TEST_CASE("a daemon that is not there yet is followed as soon as it is", "[docker]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon daemon;
  daemon.stop();
  Follower docker(daemon);
  docker.follow("docker.container", {});
  docker.run_until("lost");
  daemon.start();
  daemon.run("late", "true");
  docker.run_until("die late");
  CHECK(docker.count("create late") == 1);
}
