// A real Docker daemon whose disk is full: what needs room says so, and nothing is left of it.
#include "tests/support/docker_fixture.h"
#include "tests/support/fake_registry.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using test::DockerDaemon;
using test::DockerWorld;
using test::FakeRegistry;
using test::kIdle;
using test::SmallDisk;

TEST_CASE("what needs room on a full disk says so and works once there is some", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  const TemporaryFolder place, folder;
  const SmallDisk disk(place.path(), "24m");
  if (!disk.mounted) return;
  DockerDaemon daemon({"--data-root", disk.path() + "/docker"});
  DockerWorld world(daemon);
  const FakeRegistry registry(daemon);
  const std::string image = registry.image(), file = folder.path() + "/image.tar";
  const std::string name = world.run(kIdle);
  world.answer("docker.image.save", R"({"images":[")" + std::string(DockerDaemon::kImage) +
                                        R"("],"path":")" + file + "\"}");
  const auto full = [&](const std::string& operation, const std::string& args) {
    const auto result = world.call(operation, args);
    INFO(operation << ": " << (result ? "done" : result.error().message));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == "DISK_FULL");
    CHECK(result.error().message.find("no space left on device") != std::string::npos);
  };
  const std::string pull = R"({"image":")" + image + "\"}";
  const std::string import = R"({"path":")" + file + R"(","image":"engine-test/again:1"})";

  disk.fill_up_to(1 << 20);
  full("docker.image.pull", pull);
  full("docker.image.import", import);
  full("docker.image.load", R"({"path":")" + file + "\"}");
  full("docker.container.copy_in", world.of(name, R"("path":"/big","from":")" + file + "\""));
  disk.fill_up_to(0);
  full("docker.container.create",
       R"({"image":")" + std::string(DockerDaemon::kImage) + R"(","command":["true"]})");
  // What only looks goes on.
  CHECK(world.state(name) == "running");

  disk.clear();
  CHECK(world.answer("docker.image.pull", pull).boolean("/changed"));
  CHECK(world.answer("docker.image.import", import).text("/id").starts_with("sha256:"));
}
