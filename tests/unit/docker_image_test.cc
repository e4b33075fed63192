// docker.image.* against a real daemon: archives in and out, names, removal.
#include <filesystem>
#include <fstream>

#include "tests/support/busybox_image.h"
#include "tests/support/docker_daemon.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using engine::test::busybox_tar;
using engine::test::DockerDaemon;
using engine::test::unique;

namespace {

struct Images {
  PluginFixture docker{DockerDaemon::shared().settings()};
  TemporaryFolder folder;

  std::string file(const std::string& name, const std::string& content) const {
    const std::string path = folder.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // An image of its own, whose name is its label too; answers its id.
  std::string import(const std::string& name) {
    const std::string path = file("root.tar", busybox_tar());
    return docker
        .answer("docker.image.import", "{\"path\":\"" + path + "\",\"image\":\"" + name +
                                           ":1\",\"changes\":[\"CMD [\\\"true\\\"]\",\"LABEL " +
                                           name +
                                           "=1\",\"ENV SECRET=word\"],\"message\":\"for a test\"}")
        .text("/id");
  }
};

std::string image_named(const std::string& name) { return "{\"image\":\"" + name + "\"}"; }

}  // namespace

TEST_CASE("an image is imported and found and named and removed", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Images images;
  PluginFixture& docker = images.docker;
  const std::string name = unique("import");

  const std::string id = images.import(name);
  CHECK(id.starts_with("sha256:"));
  const Json got = docker.answer("docker.image.get", image_named(name + ":1"));
  CHECK(got.text("/id") == id);
  CHECK(got.text("/tags/0") == name + ":1");
  CHECK(got.text("/labels/" + name) == "1");
  CHECK(got.text("/command/0") == "true");
  CHECK(got.text("/env/0") == "SECRET=word");
  CHECK(got.text("/os") == "linux");
  CHECK(got.integer("/layers") == 1);
  CHECK(got.integer("/size") > 1'000'000);
  const Json list =
      docker.answer("docker.image.list", "{\"filters\":{\"label\":\"" + name + "=1\"}}");
  CHECK(list.text("/0/id") == id);

  const std::string second = "team/" + name + ":two";
  docker.answer("docker.image.tag", "{\"image\":\"" + name + ":1\",\"name\":\"" + second + "\"}");
  CHECK(docker.answer("docker.image.get", image_named(second)).text("/id") == id);
  CHECK(docker.preview("docker.image.remove", image_named(second)).has_value());
  const Json untagged = docker.answer("docker.image.remove", image_named(second));
  CHECK(untagged.text("/untagged/0") == second);
  CHECK_FALSE(untagged.has("/deleted/0"));
  CHECK_FALSE(docker.probed("docker.image.remove", image_named(name + ":1")).boolean("/done"));
  const Json removed = docker.answer("docker.image.remove", image_named(name + ":1"));
  CHECK(docker.probed("docker.image.remove", image_named(name + ":1")).boolean("/done"));
  CHECK(removed.text("/deleted/0") == id);
  CHECK(docker.code("docker.image.get", image_named(name + ":1")) == "NOT_FOUND");
}

TEST_CASE("an image that a container uses is not removed", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  Images images;
  const std::string name = unique("used");
  images.import(name);
  const auto made =
      daemon.request("POST", "/containers/create?name=" + name, "{\"Image\":\"" + name + ":1\"}");
  REQUIRE(made.status == 201);

  const auto refused = images.docker.call("docker.image.remove", image_named(name + ":1"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "CONFLICT");
  CHECK(refused.error().message.find("conflict") != std::string::npos);
  daemon.remove(name);
  CHECK(images.docker.call("docker.image.remove", image_named(name + ":1")).has_value());
}

TEST_CASE("images are saved into a file and loaded out of it", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Images images;
  PluginFixture& docker = images.docker;
  const std::string name = unique("save");
  const std::string id = images.import(name);
  const std::string path = images.folder.path() + "/with a blank and \xc3\xbc.tar";
  const std::string asked = "{\"images\":[\"" + name + ":1\"],\"path\":\"" + path + "\"";

  const Json saved = docker.answer("docker.image.save", asked + "}");
  CHECK(saved.integer("/size") == static_cast<int64_t>(std::filesystem::file_size(path)));
  CHECK(docker.code("docker.image.save", asked + "}") == "ALREADY_EXISTS");
  CHECK(docker.call("docker.image.save", asked + ",\"overwrite\":true}").has_value());
  docker.answer("docker.image.remove", image_named(name + ":1"));
  const Json loaded = docker.answer("docker.image.load", "{\"path\":\"" + path + "\"}");
  CHECK(loaded.text("/images/0") == name + ":1");
  CHECK(docker.answer("docker.image.get", image_named(name + ":1")).text("/id") == id);
  docker.answer("docker.image.remove", image_named(name + ":1"));
}

TEST_CASE("what cannot be saved or loaded leaves nothing and says why", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Images images;
  PluginFixture& docker = images.docker;
  const std::string target = images.folder.path() + "/out.tar";

  CHECK(docker.code("docker.image.save",
                    "{\"images\":[\"no-such:1\"],\"path\":\"" + target + "\"}") == "NOT_FOUND");
  CHECK(std::filesystem::is_empty(images.folder.path()));
  CHECK(docker.code("docker.image.load", "{\"path\":\"" + target + "\"}") == "NOT_FOUND");
  const std::string garbage = images.file("garbage.tar", std::string(100'000, 'x'));
  const auto refused = docker.call("docker.image.load", "{\"path\":\"" + garbage + "\"}");
  REQUIRE_FALSE(refused);
  CHECK_FALSE(refused.error().message.empty());
  const auto imported = docker.call(
      "docker.image.import", "{\"path\":\"" + garbage + "\",\"image\":\"" + unique("bad") + "\"}");
  REQUIRE_FALSE(imported);
  CHECK(docker.code("docker.image.load", "{\"path\":\"" + images.folder.path() + "\"}") ==
        "INVALID_ARGUMENT");
}

TEST_CASE("images without use are pruned by their labels", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Images images;
  const std::string name = unique("prune");
  images.import(name);
  const std::string filters = "\"filters\":{\"label\":\"" + name + "=1\"}";

  CHECK_FALSE(images.docker.answer("docker.image.prune", "{" + filters + "}").has("/untagged/0"));
  const Json pruned = images.docker.answer("docker.image.prune", "{\"all\":true," + filters + "}");
  CHECK(pruned.text("/untagged/0") == name + ":1");
  CHECK(pruned.has("/reclaimed"));
}
