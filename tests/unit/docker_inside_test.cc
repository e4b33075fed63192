// Inside containers of a real Docker daemon: programs that run there, files that go in and come
// out.
#include <filesystem>
#include <fstream>

#include "tests/support/docker_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using test::DockerDaemon;
using test::DockerWorld;
using test::kIdle;
using test::unique;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a program in a container answers its status and both streams", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  setenv("ENGINE_SECRET_TOKEN", "s3cr3t-token", 1);
  const std::string name = world.run(kIdle);
  const auto exec = [&](const std::string& script, const std::string& more = "") {
    std::string words;
    append_json_string(words, script);
    return world.call("docker.container.exec",
                      world.of(name, R"("argv":["sh","-c",)" + words + "]" + more));
  };

  const Json seven(*exec("echo out; echo err >&2; exit 7"));
  CHECK(seven.integer("/exit_code") == 7);
  CHECK(seven.text("/stdout") == "out\n");
  CHECK(seven.text("/stderr") == "err\n");
  CHECK_FALSE(seven.boolean("/truncated"));
  CHECK(Json(*exec("printf '\\377\\000'")).text("/stdout/$bytes") == "/wA=");
  const Json with = Json(*exec("echo $A $TOKEN; pwd; id -u",
                               R"(,"env":{"A":"\u00fc","TOKEN":{"$secret":"token"}},"cwd":"/etc",)"
                               R"("user":"1000")"));
  CHECK(with.text("/stdout") == "\u00fc [secret token]\n/etc\n1000\n");
  const Json cut(*exec("yes | head -c 3000000", R"(,"limit":"10KiB")"));
  CHECK(cut.text("/stdout").size() == 10'240);
  CHECK(cut.boolean("/truncated"));
  CHECK(cut.integer("/exit_code") == 0);
  CHECK(Json(*exec("tty; echo err >&2", R"(,"tty":true)")).text("/stdout").starts_with("/dev/"));

  const auto failed = exec("echo why >&2; exit 3", R"(,"check":true)");
  CHECK(failed.error().code == "FAILED");
  CHECK(failed.error().message.find("status 3: why") != std::string::npos);
  CHECK(Json(failed.error().details).integer("/exit_code") == 3);
  CHECK(world.code("docker.container.exec", world.of(name, R"("argv":[])")) == "INVALID_ARGUMENT");
}

TEST_CASE("no program runs in a container that does not", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run("true");
  world.docker.wait(name);
  const std::string args = world.of(name, R"("argv":["true"])");
  CHECK(world.code("docker.container.exec", args) == "CONFLICT");
  CHECK(world.preview("docker.container.exec", args).error().code == "CONFLICT");
}

TEST_CASE("a file's content goes into a container and comes out of it", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run(kIdle);
  const auto in = [&](const std::string& more) {
    return world.call("docker.container.copy_in", world.of(name, more));
  };
  const auto out = [&](const std::string& more) {
    return world.call("docker.container.copy_out", world.of(name, more));
  };

  CHECK(Json(*in(R"("path":"/tmp/a b \u00fc","data":"text","mode":"0600")")).integer("/bytes") ==
        4);
  CHECK(Json(*out(R"("path":"/tmp/a b \u00fc")")).text("/data") == "text");
  REQUIRE(in(R"("path":"/tmp/bytes","data":{"$bytes":"/wA="})").has_value());
  CHECK(Json(*out(R"("path":"/tmp/bytes")")).text("/data/$bytes") == "/wA=");
  const Json cut(*out(R"("path":"/bin/busybox","limit":10)"));
  CHECK(cut.boolean("/truncated"));
  CHECK(cut.integer("/bytes") > 100'000);
  const auto link = world.call("docker.container.exec",
                               world.of(name, R"("argv":["ln","-s","bytes","/tmp/link"])"));
  REQUIRE(link.has_value());
  CHECK(Json(*out(R"("path":"/tmp/link")")).text("/data/$bytes") == "/wA=");

  CHECK(out(R"("path":"/tmp")").error().code == "INVALID_ARGUMENT");
  CHECK(out(R"("path":"/tmp/nothing")").error().code == "NOT_FOUND");
  CHECK(in(R"("path":"/no/such/folder/x","data":"a")").error().code == "NOT_FOUND");
  CHECK(in(R"("path":"relative","data":"a")").error().code == "INVALID_ARGUMENT");
  CHECK(in(R"("path":"/tmp/x")").error().code == "INVALID_ARGUMENT");
  CHECK(in(R"("path":"/tmp/x","from":"/no/such/file")").error().code == "NOT_FOUND");
}

TEST_CASE("a folder goes into a container and comes out as it was", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const TemporaryFolder folder;
  const fs::path here = fs::path(folder.path()) / "here", back = fs::path(folder.path()) / "back";
  fs::create_directories(here / "sub folder");
  std::ofstream(here / "sub folder" / "\u00fc") << "deep";
  std::ofstream(here / "large") << std::string(3'000'000, 'L');
  fs::create_symlink("large", here / "link");
  const std::string name = world.run(kIdle);

  const Json in = world.answer("docker.container.copy_in",
                               world.of(name, R"("path":"/srv","from":")" + here.string() + "\""));
  CHECK(in.integer("/files") == 2);
  CHECK(in.integer("/bytes") == 3'000'004);
  const Json out = world.answer("docker.container.copy_out",
                                world.of(name, R"("path":"/srv","to":")" + back.string() + "\""));
  CHECK(out.integer("/files") == 2);
  CHECK(content(back / "sub folder" / "\u00fc") == "deep");
  CHECK(content(back / "large") == content(here / "large"));
  CHECK(fs::read_symlink(back / "link") == "large");

  const fs::path file = fs::path(folder.path()) / "file";
  world.answer("docker.container.copy_out",
               world.of(name, R"("path":"/srv/large","to":")" + file.string() + "\""));
  CHECK(content(file).size() == 3'000'000);
  CHECK(world.code("docker.container.copy_out",
                   world.of(name, R"("path":"/srv","size_limit":"1MiB","to":")" +
                                      (fs::path(folder.path()) / "small").string() + "\"")) ==
        "RESOURCE_EXHAUSTED");
}
