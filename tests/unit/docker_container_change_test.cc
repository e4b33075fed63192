// Changing containers of a real Docker daemon: from create to remove, with what a dry run and a
// probe say of each.
#include "tests/support/docker_fixture.h"

using namespace engine;
using test::DockerDaemon;
using test::DockerWorld;
using test::kIdle;
using test::unique;

namespace {

struct Changes : DockerWorld {
  bool changed(const std::string& operation, const std::string& name,
               const std::string& more = "") {
    return answer("docker.container." + operation, of(name, more)).boolean("/changed");
  }
  std::string code_of(const std::string& operation, const std::string& name,
                      const std::string& more = "") {
    return code("docker.container." + operation, of(name, more));
  }
  Json previewed(const std::string& operation, const std::string& name,
                 const std::string& more = "") {
    const auto result = preview("docker.container." + operation, of(name, more));
    REQUIRE(result.has_value());
    return Json(*result);
  }
  Json probed(const std::string& operation, const std::string& args) {
    return PluginFixture::probed("docker.container." + operation, args);
  }
};

}  // namespace

TEST_CASE("a container is created with everything that was asked for", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  Changes world;
  setenv("ENGINE_SECRET_DB_PASSWORD", "s3cr3t", 1);
  const std::string name = world.own(unique("made"));
  const std::string args = R"({"image":"engine-test/busybox:1","name":")" + name +
                           R"(","command":["sh","-c","echo $PASSWORD; pwd; id -u"],
    "env":{"PASSWORD":{"$secret":"db_password"},"$$odd":"1"},"labels":{"tier":"w\u00e4b","$$x":"y"},
    "ports":["127.0.0.1:0:80",{"private":53,"type":"udp"}],
    "mounts":[{"type":"tmpfs","target":"/scratch"}],"memory":"64MiB","cpus":0.5,"pids":40,
    "restart":"on-failure:2","user":"1000","working_dir":"/tmp","hostname":"box",
    "healthcheck":{"test":"true","interval":"5s","retries":2},"stop_grace":"3s",
    "options":{"ShmSize":1048576}})";

  const Json made = world.answer("docker.container.create", args);
  CHECK(made.text("/name") == name);
  const Json raw = world.answer("docker.container.get", world.of(name, R"("raw":true)"));
  CHECK(raw.text("/env/PASSWORD") == "[secret db_password]");  // scrubbed wherever it shows up
  CHECK(raw.text("/env/$$odd") == "1");
  CHECK(raw.text("/labels/tier") == "w\u00e4b");
  CHECK(raw.text("/labels/$$x") == "y");
  CHECK(raw.text("/labels/engine.key") == "test");
  CHECK(raw.number("/limits/cpus") == 0.5);
  CHECK(raw.integer("/limits/memory") == 64 << 20);
  CHECK(raw.text("/restart_policy") == "on-failure");
  CHECK(raw.integer("/raw/HostConfig/RestartPolicy/MaximumRetryCount") == 2);
  CHECK(raw.integer("/raw/HostConfig/ShmSize") == 1 << 20);
  CHECK(raw.text("/raw/HostConfig/PortBindings/80~1tcp/0/HostIp") == "127.0.0.1");
  CHECK(raw.integer("/raw/Config/Healthcheck/Interval") == 5'000'000'000);
  CHECK(raw.integer("/raw/Config/StopTimeout") == 3);
  CHECK(world.state(name) == "created");

  CHECK(world.changed("start", name));
  CHECK(world.answer("docker.container.wait", world.of(name)).integer("/exit_code") == 0);
  CHECK(world.answer("docker.container.logs", world.of(name)).text("/stdout") ==
        "[secret db_password]\n/tmp\n1000\n");
}

TEST_CASE("what cannot be created is refused in Docker's words", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  Changes world;
  const std::string taken = world.run(kIdle);
  const auto create = [&](const std::string& more,
                          const std::string& image = DockerDaemon::kImage) {
    return world.call("docker.container.create",
                      R"({"image":")" + image + R"(","command":["true"],)" + more + "}");
  };

  const auto missing = create(R"("name":"x-y")", "nobody/has:this");
  CHECK(missing.error().code == "NOT_FOUND");
  CHECK(missing.error().message.find("No such image") != std::string::npos);
  CHECK(missing.error().hint.find("docker.image.pull") != std::string::npos);
  CHECK(create(R"("name":")" + taken + "\"").error().code == "ALREADY_EXISTS");
  const auto invalid = create(R"("name":"\u00fcn\u00ef c\u00f6d\u00e9")");
  CHECK(invalid.error().code == "INVALID_ARGUMENT");
  CHECK(invalid.error().message.find("Invalid container name") != std::string::npos);
  CHECK(create(R"("ports":["eighty"])").error().code == "INVALID_ARGUMENT");
  CHECK(create(R"("mounts":[{"target":"relative"}])").error().code == "INVALID_ARGUMENT");
  CHECK(create(R"("restart":"often:3")").error().code == "INVALID_ARGUMENT");
  CHECK(create(R"("env":{"A":{"$bytes":"/w=="}})").error().code == "INVALID_ARGUMENT");
}

TEST_CASE("the probe of a creation finds what the same call made", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon own;  // every test's calls have the same key
  DockerWorld world(own);
  const std::string args =
      R"({"image":"engine-test/busybox:1","name":"probed","command":["true"]})";

  CHECK_FALSE(Json(*world.probe("docker.container.create", args)).boolean("/done"));
  const Json made = world.answer("docker.container.create", args);
  const Json found(*world.probe("docker.container.create", args));
  CHECK(found.boolean("/done"));
  CHECK(found.text("/result/id") == made.text("/id"));
  CHECK(found.text("/result/name") == "probed");
  CHECK(world.preview("docker.container.create", args).error().code == "ALREADY_EXISTS");
  CHECK(world.preview("docker.container.create", R"({"image":"no/body:1"})").error().code ==
        "NOT_FOUND");
}

TEST_CASE("a container goes from state to state and says what changed", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  Changes world;
  const std::string name = world.run(kIdle);

  CHECK_FALSE(world.changed("start", name));
  CHECK(world.previewed("pause", name).boolean("/changes"));
  CHECK(world.changed("pause", name));
  CHECK_FALSE(world.changed("pause", name));
  CHECK(world.state(name) == "paused");
  CHECK_FALSE(world.previewed("pause", name).boolean("/changes"));
  CHECK(world.changed("resume", name));
  CHECK_FALSE(world.changed("resume", name));
  CHECK(world.changed("restart", name, R"("grace":"5s")"));
  CHECK(world.state(name) == "running");
  CHECK(world.previewed("stop", name).boolean("/changes"));
  CHECK(world.changed("stop", name, R"("grace":"5s")"));
  CHECK_FALSE(world.changed("stop", name));
  CHECK_FALSE(world.previewed("stop", name).boolean("/changes"));
  CHECK(world.get(name).integer("/exit_code") == 0);
  CHECK(world.code_of("pause", name) == "CONFLICT");
  CHECK(world.code_of("signal", name) == "CONFLICT");
  CHECK(world.preview("docker.container.pause", world.of(name)).error().code == "CONFLICT");
  CHECK_FALSE(world.probed("start", world.of(name)).has("/done"));
  CHECK(world.changed("start", name));
  CHECK(world.probed("start", world.of(name)).boolean("/done"));
}

TEST_CASE("a signal ends a container and wait answers how", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  Changes world;
  const std::string name = world.run("trap 'exit 42' USR1; while :; do sleep 0.05; done");

  world.answer("docker.container.signal", world.of(name, R"("signal":"USR1")"));
  CHECK(world.answer("docker.container.wait", world.of(name)).integer("/exit_code") == 42);
  CHECK(world.code_of("signal", name, R"("signal":"NONSENSE")") == "INVALID_ARGUMENT");
  CHECK(world.probed("signal", world.of(name)).boolean("/done"));
  CHECK(world.code_of("wait", unique("nobody")) == "NOT_FOUND");
}

TEST_CASE("limits change while the container runs", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  Changes world;
  const std::string name = world.run(kIdle, R"("HostConfig":{"Memory":67108864})");

  world.answer("docker.container.update",
               world.of(name, R"("memory":"96MiB","memory_swap":"192MiB","cpus":0.25,"pids":33)"));

  const Json got = world.get(name);
  CHECK(got.integer("/limits/memory") == 96 << 20);
  CHECK(got.number("/limits/cpus") == 0.25);
  CHECK(got.integer("/limits/pids") == 33);
  CHECK(got.boolean("/running"));
  const Json inside = world.answer("docker.container.stats", world.of(name));
  CHECK(inside.integer("/memory/limit") == 96 << 20);
  CHECK(world.code_of("update", name) == "INVALID_ARGUMENT");
}

TEST_CASE("a container takes another name and goes for good", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  Changes world;
  const std::string old_name = world.run(kIdle), name = world.own(unique("renamed"));
  const std::string rename = world.of(old_name, R"("name":")" + name + "\"");

  CHECK_FALSE(world.probed("rename", rename).boolean("/done"));
  world.answer("docker.container.rename", rename);
  CHECK(world.probed("rename", rename).boolean("/done"));
  CHECK(world.code_of("get", old_name) == "NOT_FOUND");
  CHECK(world.code_of("rename", name, R"("name":"no spaces")") == "INVALID_ARGUMENT");

  CHECK(world.code_of("remove", name) == "CONFLICT");
  CHECK(world.preview("docker.container.remove", world.of(name)).error().code == "CONFLICT");
  CHECK(world.previewed("remove", name, R"("force":true)").boolean("/changes"));
  CHECK_FALSE(world.probed("remove", world.of(name)).boolean("/done"));
  world.answer("docker.container.remove", world.of(name, R"("force":true)"));
  CHECK(world.probed("remove", world.of(name)).boolean("/done"));
  CHECK(world.code_of("remove", name) == "NOT_FOUND");
}

TEST_CASE("prune removes what a dry run says it would", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  Changes world;
  const std::string mark = unique("prune");
  const std::string labels = R"("Labels":{")" + mark + R"(":"1"})";
  const std::string up = world.run(kIdle, labels), over = world.run("true", labels);
  world.docker.wait(over);
  const std::string args = R"({"filters":{"label":[")" + mark + "\"]}}";
  const std::string id = world.get(over).text("/id");

  const Json planned(*world.preview("docker.container.prune", args));
  CHECK(planned.text("/removes/0") == over);
  CHECK_FALSE(planned.has("/removes/1"));
  const Json pruned = world.answer("docker.container.prune", args);
  CHECK(pruned.text("/removed/0") == id);
  CHECK_FALSE(pruned.has("/removed/1"));
  CHECK(world.state(up) == "running");
  CHECK(world.code_of("get", over) == "NOT_FOUND");
}
