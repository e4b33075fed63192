// docker.network.* against a real daemon.
#include "tests/support/docker_daemon.h"
#include "tests/support/plugin_fixture.h"

using engine::test::DockerDaemon;
using engine::test::unique;

namespace {

std::string network_named(const std::string& name) { return "{\"network\":\"" + name + "\"}"; }

}  // namespace

TEST_CASE("containers are put on a network and taken off it", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  PluginFixture docker(daemon.settings());
  const std::string name = unique("net");
  const std::string both = "{\"network\":\"" + name + "\",\"container\":\"" + name + "\"";
  docker.answer("docker.network.create", "{\"network\":\"" + name +
                                             "\",\"labels\":{\"tier\":\"test\"},\"subnet\":"
                                             "\"10.213.7.0/24\",\"gateway\":\"10.213.7.1\"}");
  daemon.run(name, "sleep 1000");

  const Json joined = docker.answer("docker.network.connect",
                                    both + ",\"aliases\":[\"db\"],\"ip\":\"10.213.7.9\"}");
  CHECK(joined.boolean("/changed"));
  CHECK_FALSE(docker.answer("docker.network.connect", both + "}").boolean("/changed"));
  const Json network = docker.answer("docker.network.get", network_named(name));
  CHECK(network.text("/driver") == "bridge");
  CHECK(network.text("/subnets/0/subnet") == "10.213.7.0/24");
  CHECK(network.text("/subnets/0/gateway") == "10.213.7.1");
  CHECK(network.text("/labels/tier") == "test");
  CHECK(network.text("/containers/0/name") == name);
  CHECK(network.text("/containers/0/ip") == "10.213.7.9");
  const auto busy = docker.call("docker.network.remove", network_named(name));
  REQUIRE_FALSE(busy);
  CHECK(busy.error().message.find("has active endpoints") != std::string::npos);
  CHECK(busy.error().code == "CONFLICT");
  CHECK_FALSE(docker.probed("docker.network.remove", network_named(name)).boolean("/done"));

  CHECK(docker.answer("docker.network.disconnect", both + "}").boolean("/changed"));
  CHECK_FALSE(docker.answer("docker.network.disconnect", both + "}").boolean("/changed"));
  daemon.remove(name);
  CHECK(docker.preview("docker.network.remove", network_named(name)).has_value());
  CHECK(docker.call("docker.network.remove", network_named(name)).has_value());
  CHECK(docker.code("docker.network.get", network_named(name)) == "NOT_FOUND");
  CHECK(docker.probed("docker.network.remove", network_named(name)).boolean("/done"));
}

TEST_CASE("a network's name is given once and its maker finds it again", "[docker]") {
  if (!DockerDaemon::possible()) return;
  PluginFixture docker(DockerDaemon::shared().settings());
  const std::string name = unique("once");
  const std::string asked = "{\"network\":\"" + name + "\",\"internal\":true}";

  const Json made = docker.answer("docker.network.create", asked);
  const auto again = docker.call("docker.network.create", asked);
  REQUIRE_FALSE(again);
  INFO(again.error().message);
  CHECK(again.error().code == "ALREADY_EXISTS");
  const auto probed = docker.probe("docker.network.create", asked);
  REQUIRE(probed.has_value());
  CHECK(Json(*probed).boolean("/done"));
  const Json listed =
      docker.answer("docker.network.list", "{\"filters\":{\"name\":\"" + name + "\"}}");
  CHECK(listed.text("/0/id") == made.text("/id"));
  CHECK(listed.boolean("/0/internal"));
  CHECK(docker.call("docker.network.remove", network_named(made.text("/id"))).has_value());
}

TEST_CASE("networks that nothing is on are pruned by their labels", "[docker]") {
  if (!DockerDaemon::possible()) return;
  PluginFixture docker(DockerDaemon::shared().settings());
  const std::string name = unique("prune");
  docker.answer("docker.network.create",
                "{\"network\":\"" + name + "\",\"labels\":{\"" + name + "\":\"1\"}}");

  const Json pruned =
      docker.answer("docker.network.prune", "{\"filters\":{\"label\":[\"" + name + "\"]}}");
  CHECK(pruned.text("/removed/0") == name);
}
