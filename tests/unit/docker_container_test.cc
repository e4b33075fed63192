// Reading containers of a real Docker daemon: list, get, logs, stats, top, changes.
#include "tests/support/docker_fixture.h"

using namespace engine;
using test::DockerDaemon;
using test::DockerWorld;
using test::kIdle;
using test::unique;

TEST_CASE("docker.system tells about the daemon", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;

  const Json info = world.answer("docker.system.get", "{}");
  CHECK(info.text("/root_dir").starts_with(world.docker.folder()));
  CHECK(info.integer("/cpus") > 0);
  CHECK(info.integer("/memory") > 0);
  CHECK(info.text("/api_version").starts_with("1."));
  CHECK(world.answer("docker.system.ping", "{}").text("/api_version") == info.text("/api_version"));
  const Json version = world.answer("docker.system.version", R"({"raw":true})");
  CHECK(version.text("/version") == info.text("/version"));
  CHECK(version.text("/raw/Version") == info.text("/version"));
  CHECK(version.has("/components/Engine"));
  CHECK(world.answer("docker.system.disk_usage", "{}").integer("/images/size") > 0);
}

TEST_CASE("containers are listed by filters with their labels", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string mark = unique("mark");
  const std::string labels =
      R"("Labels":{")" + mark + R"(":"ein Wert mit \u00fcml\u00e4ut","$odd":"1"})";
  const std::string up = world.run(kIdle, labels), over = world.run("exit 3", labels);
  CHECK(world.docker.wait(over) == 3);
  const std::string filters = R"("filters":{"label":")" + mark + "\"}";

  const Json running = world.answer("docker.container.list", "{" + filters + "}");
  REQUIRE(running.list().size() == 1);
  CHECK(running.text("/0/name") == up);
  CHECK(running.text("/0/state") == "running");
  CHECK(running.text("/0/image") == DockerDaemon::kImage);
  CHECK(running.text("/0/labels/" + mark) == "ein Wert mit \u00fcml\u00e4ut");
  CHECK(running.text("/0/labels/$$odd") == "1");
  CHECK(running.text("/0/created").ends_with(".000Z"));
  CHECK_FALSE(running.has("/0/raw"));

  const Json all = world.answer("docker.container.list",
                                R"({"all":true,"raw":true,"size":true,)" + filters + "}");
  CHECK(all.list().size() == 2);
  CHECK(all.text("/0/raw/Names/0") == "/" + all.text("/0/name"));
  CHECK(all.text("/0/raw/Labels/$$odd") == "1");
  CHECK(all.integer("/0/size_root") > 0);
  const Json exited = world.answer(
      "docker.container.list", R"({"all":true,"filters":{"status":["exited"],"label":{")" + mark +
                                   R"(":"ein Wert mit \u00fcml\u00e4ut"}}})");
  REQUIRE(exited.list().size() == 1);
  CHECK(exited.text("/0/name") == over);
  CHECK(world.code("docker.container.list", R"({"filters":{"nonsense":"1"}})") ==
        "INVALID_ARGUMENT");
}

TEST_CASE("a container is described with how it is and how it ended", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run(
      "exit 7", R"("Env":["A=b=c","EMPTY="],"Hostname":"inside",)"
                R"("HostConfig":{"Memory":67108864,"NanoCpus":500000000,"PidsLimit":50})");
  world.docker.wait(name);

  const Json got = world.get(name);
  CHECK(got.text("/name") == name);
  CHECK(got.text("/state") == "exited");
  CHECK(got.integer("/exit_code") == 7);
  CHECK_FALSE(got.boolean("/running"));
  CHECK(got.text("/env/A") == "b=c");
  CHECK(got.text("/env/EMPTY").empty());
  CHECK(got.text("/command/0") == "sh");
  CHECK(got.text("/hostname") == "inside");
  CHECK(got.integer("/limits/memory") == 64 << 20);
  CHECK(got.number("/limits/cpus") == 0.5);
  CHECK(got.integer("/limits/pids") == 50);
  CHECK(got.at("/health").is_null());
  CHECK(got.text("/started").size() == got.text("/finished").size());
  CHECK(world.answer("docker.container.get", world.of(got.text("/id"))).text("/name") == name);
  CHECK(world.code("docker.container.get", world.of(unique("nobody"))) == "NOT_FOUND");
}

TEST_CASE("both streams of a log come apart and as they were written", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run(
      "for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf 'b\\377\\000b\\n'; exit 0");
  world.docker.wait(name);
  const auto logs = [&](const std::string& more) {
    return world.answer("docker.container.logs", world.of(name, more));
  };

  const Json all = logs("");
  CHECK(all.text("/stderr") == "err 1\nerr 2\nerr 3\n");
  // Docker's own log keeps no bytes that are no text.
  CHECK(all.text("/stdout") == std::string("out 1\nout 2\nout 3\nb\uFFFD\0b\n", 25));
  CHECK_FALSE(all.boolean("/truncated"));
  CHECK(all.integer("/bytes") == 43);
  CHECK(logs(R"("stdout":false)").text("/stderr") == "err 1\nerr 2\nerr 3\n");
  CHECK(logs(R"("tail":1)").integer("/bytes") < 10);
  const Json cut = logs(R"("stdout":false,"limit":13)");
  CHECK(cut.text("/stderr") == "err 2\nerr 3\n");
  CHECK(cut.boolean("/truncated"));
  CHECK(logs(R"("stdout":false,"timestamps":true)").text("/stderr").substr(0, 2) == "20");
  CHECK(logs(R"("until":"2020-01-01T00:00:00Z")").text("/stderr").empty());
  CHECK(logs(R"("stdout":false,"since":"1h")").text("/stderr") == "err 1\nerr 2\nerr 3\n");
  CHECK(world.code("docker.container.logs", world.of(name, R"("since":"yesterday")")) ==
        "INVALID_ARGUMENT");
  CHECK(world.code("docker.container.logs", world.of(name, R"("stdout":false,"stderr":false)")) ==
        "INVALID_ARGUMENT");
}

TEST_CASE("a terminal's log is one stream", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run("echo out; echo err >&2", R"("Tty":true)");
  world.docker.wait(name);
  const Json log = world.answer("docker.container.logs", world.of(name));
  CHECK(log.text("/stdout") == "out\r\nerr\r\n");
  CHECK(log.text("/stderr").empty());
}

TEST_CASE("stats and top tell what a container uses", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run(kIdle, R"("HostConfig":{"Memory":67108864})");

  const Json stats = world.answer("docker.container.stats", world.of(name, R"("raw":true)"));
  CHECK(stats.integer("/memory/limit") == 64 << 20);
  CHECK(stats.integer("/memory/used") > 0);
  CHECK(stats.number("/cpu_percent") >= 0);
  CHECK(stats.integer("/pids") >= 1);
  CHECK(stats.has("/raw/memory_stats"));

  const Json top = world.answer("docker.container.top", world.of(name));
  CHECK(top.integer("/0/pid") == world.get(name).integer("/pid"));
  CHECK(top.text("/0/cmd").starts_with("sh -c"));
  CHECK(top.text("/0/uid") == "root");
}

TEST_CASE("changes tell what differs from the image", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerWorld world;
  const std::string name = world.run("echo new > /etc/new; rm /etc/passwd");
  world.docker.wait(name);
  const std::string changes = *world.call("docker.container.changes", world.of(name));
  CHECK(changes.find(R"({"path":"/etc","kind":"modified"})") != std::string::npos);
  CHECK(changes.find(R"({"path":"/etc/new","kind":"added"})") != std::string::npos);
  CHECK(changes.find(R"({"path":"/etc/passwd","kind":"removed"})") != std::string::npos);
}
