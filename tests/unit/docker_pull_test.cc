// docker.image.pull: a real daemon, and a registry in its network.
#include "tests/support/docker_daemon.h"
#include "tests/support/fake_registry.h"
#include "tests/support/plugin_fixture.h"

using namespace engine;
using engine::test::DockerDaemon;
using engine::test::FakeRegistry;

namespace {

std::string image_named(const std::string& name, const std::string& more = "") {
  return "{\"image\":\"" + name + "\"" + more + "}";
}

void remove(PluginFixture& docker, const std::string& image) {
  docker.answer("docker.image.remove", image_named(image));
}

}  // namespace

TEST_CASE("an image is pulled once and its registry's digest is told", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const FakeRegistry registry(DockerDaemon::shared());
  PluginFixture docker(DockerDaemon::shared().settings());
  const std::string image = registry.image();

  CHECK_FALSE(Json(*docker.preview("docker.image.pull", image_named(image))).boolean("/present"));
  const Json pulled = docker.answer("docker.image.pull", image_named(image));
  CHECK(pulled.boolean("/changed"));
  CHECK(pulled.text("/digest").starts_with("sha256:"));
  CHECK(pulled.integer("/size") > 3'000'000);
  CHECK(Json(*docker.preview("docker.image.pull", image_named(image))).boolean("/present"));
  const Json again = docker.answer("docker.image.pull", image_named(image));
  CHECK_FALSE(again.boolean("/changed"));
  CHECK(again.text("/id") == pulled.text("/id"));
  const Json got = docker.answer("docker.image.get", image_named(image));
  CHECK(got.text("/labels/from") == "registry");
  remove(docker, image);
}

TEST_CASE("a pull that fails does so in Docker's words under the right code", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const FakeRegistry registry(DockerDaemon::shared());
  PluginFixture docker(DockerDaemon::shared().settings());

  const auto missing = docker.call("docker.image.pull", image_named(registry.image("none")));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == "NOT_FOUND");
  CHECK(missing.error().message.find("manifest") != std::string::npos);
  const auto unreachable = docker.call("docker.image.pull", image_named("127.0.0.1:1/no/one:1"));
  REQUIRE_FALSE(unreachable);
  CHECK(unreachable.error().code == "NETWORK_ERROR");
  CHECK(unreachable.error().message.find("connection refused") != std::string::npos);
  CHECK(docker.code("docker.image.pull", image_named("UPPER/case")) == "INVALID_ARGUMENT");
}

TEST_CASE("a registry that wants credentials gets them from a secret", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const FakeRegistry registry(DockerDaemon::shared(), "me:pass:word");
  setenv("ENGINE_SECRET_REGISTRY", "me:pass:word", 1);
  PluginFixture docker(DockerDaemon::shared().settings());
  const std::string image = registry.image();

  const auto refused = docker.call("docker.image.pull", image_named(image));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "UNAUTHENTICATED");
  const Json pulled = docker.answer("docker.image.pull",
                                    image_named(image, ",\"auth\":{\"$secret\":\"registry\"}"));
  CHECK(pulled.boolean("/changed"));
  remove(docker, image);
}

TEST_CASE("a pull tells how far it has come and stops when it is cancelled", "[docker]") {
  if (!DockerDaemon::possible()) return;
  FakeRegistry registry(DockerDaemon::shared());
  registry.is_slow = true;
  PluginFixture docker(DockerDaemon::shared().settings());
  const auto found = docker.registry.find("docker.image.pull");
  REQUIRE(found);
  ops::CallInput input;
  input.args = *ops::check_args(**found, image_named(registry.image()));
  std::vector<std::string> told;
  TaskPtr task;
  bool partly = false;
  input.progress = [&](std::string json) {
    const Json progress(json);
    told.push_back(progress.text("/text"));
    // The registry gave a third of it and no more.
    partly = partly || (progress.integer("/percent") > 0 && progress.integer("/percent") < 100);
    if (partly) docker.loop.stop();
  };
  task = (*found)->start(std::move(input), [](Result<std::string>) { FAIL("it was cancelled"); });
  while (!partly) docker.loop.run();

  task.reset();
  docker.loop.run();
  while (!registry.was_given_up) std::this_thread::yield();
  CHECK(told.size() > 1);
}
