// docker.volume.* against a real daemon.
#include "tests/support/docker_daemon.h"
#include "tests/support/plugin_fixture.h"

using engine::test::DockerDaemon;
using engine::test::unique;

namespace {

std::string volume_named(const std::string& name) { return "{\"volume\":\"" + name + "\"}"; }

}  // namespace

TEST_CASE("a volume is made, found, described and removed", "[docker]") {
  if (!DockerDaemon::possible()) return;
  PluginFixture docker(DockerDaemon::shared().settings());
  const std::string name = unique("vol");
  const std::string asked = "{\"volume\":\"" + name + "\",\"labels\":{\"tier\":\"" + name + "\"}}";

  const Json made = docker.answer("docker.volume.create", asked);
  CHECK(made.text("/name") == name);
  CHECK(made.text("/driver") == "local");
  CHECK(made.text("/labels/tier") == name);
  CHECK(docker.answer("docker.volume.create", asked).text("/created") == made.text("/created"));
  const Json found =
      docker.answer("docker.volume.list", "{\"filters\":{\"label\":\"tier=" + name + "\"}}");
  CHECK(found.list().size() == 1);
  const Json got = docker.answer("docker.volume.get", "{\"volume\":\"" + name + "\",\"raw\":true}");
  CHECK(got.text("/mountpoint").ends_with(name + "/_data"));
  CHECK(got.text("/raw/Name") == name);
  CHECK(docker.preview("docker.volume.remove", volume_named(name)).has_value());
  CHECK(docker.answer("docker.volume.get", volume_named(name)).text("/name") == name);

  CHECK_FALSE(docker.probed("docker.volume.remove", volume_named(name)).boolean("/done"));
  CHECK(docker.call("docker.volume.remove", volume_named(name)).has_value());
  CHECK(docker.probed("docker.volume.remove", volume_named(name)).boolean("/done"));
  CHECK(docker.code("docker.volume.get", volume_named(name)) == "NOT_FOUND");
  CHECK(docker.code("docker.volume.remove", volume_named(name)) == "NOT_FOUND");
}

TEST_CASE("a volume that a container uses is not removed", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  PluginFixture docker(daemon.settings());
  const std::string name = unique("used");
  daemon.run(name, "true", "\"HostConfig\":{\"Binds\":[\"" + name + ":/data\"]}");
  daemon.wait(name);

  const auto refused = docker.call("docker.volume.remove", volume_named(name));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "CONFLICT");
  CHECK(refused.error().message.find("volume is in use") != std::string::npos);
  daemon.remove(name);
  CHECK(docker.call("docker.volume.remove", volume_named(name)).has_value());
}

TEST_CASE("volumes are pruned by their labels and named ones only when that is said", "[docker]") {
  if (!DockerDaemon::possible()) return;
  PluginFixture docker(DockerDaemon::shared().settings());
  const std::string name = unique("prune");
  docker.answer("docker.volume.create",
                "{\"volume\":\"" + name + "\",\"labels\":{\"" + name + "\":\"1\"}}");
  const std::string filters = "\"filters\":{\"label\":\"" + name + "\"}";

  const auto some = docker.call("docker.volume.prune", "{" + filters + "}");
  if (!some) CHECK(some.error().code == "UNSUPPORTED");
  CHECK(docker.answer("docker.volume.get", volume_named(name)).text("/name") == name);
  const Json all = docker.answer("docker.volume.prune", "{\"all\":true," + filters + "}");
  CHECK(all.text("/removed/0") == name);
}

TEST_CASE("a volume name that Docker does not take is refused in its words", "[docker]") {
  if (!DockerDaemon::possible()) return;
  PluginFixture docker(DockerDaemon::shared().settings());

  const auto refused = docker.call("docker.volume.create", volume_named("mit Umlaut \xc3\xbc"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "INVALID_ARGUMENT");
  CHECK(refused.error().message.find("mit Umlaut \xc3\xbc") != std::string::npos);
  CHECK(docker.code("docker.volume.get", volume_named("mit Umlaut \xc3\xbc")) == "NOT_FOUND");
}
