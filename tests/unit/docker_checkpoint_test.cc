// Checkpoints: of a real daemon with CRIU, of one without, and of one whose containerd is slow to
// tidy up.
#include "tests/support/docker_fixture.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using test::DockerDaemon;
using test::DockerWorld;
using test::HttpPeer;
using test::HttpServer;
using test::kIdle;

namespace {

// Counts in memory alone: what it says next shows whether it goes on or begins anew.
const std::string kCounter = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done";

struct Checkpoints : DockerWorld {
  using DockerWorld::DockerWorld;

  static std::string named(const std::string& container, const std::string& checkpoint,
                           const std::string& more = "") {
    return of(container, "\"name\":\"" + checkpoint + "\"" + more);
  }
  void save(const std::string& container, const std::string& checkpoint,
            const std::string& more = "") {
    answer("docker.checkpoint.create", named(container, checkpoint, more));
  }
  bool start_from(const std::string& container, const std::string& checkpoint) {
    return answer("docker.container.start", of(container, "\"checkpoint\":\"" + checkpoint + "\""))
        .boolean("/changed");
  }
  std::vector<std::string> names(const std::string& container) {
    std::vector<std::string> all;
    const Json listed = answer("docker.checkpoint.list", of(container));
    for (const auto one : listed.list()) all.emplace_back(std::string_view(one["name"]));
    std::ranges::sort(all);
    return all;
  }
  // The numbers that it has counted.
  std::vector<int> counted(const std::string& container) {
    std::istringstream said(answer("docker.container.logs", of(container)).text("/stdout"));
    return {std::istream_iterator<int>(said), {}};
  }
  void wait_for_count(const std::string& container, size_t count) {
    while (counted(container).size() < count) usleep(10'000);
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a container goes on from its checkpoint where it was", "[docker][real]") {
  if (!DockerDaemon::can_checkpoint()) return;
  Checkpoints world;
  const std::string name = world.run(kCounter);
  CHECK(world.names(name).empty());
  world.wait_for_count(name, 3);

  world.save(name, "first");
  CHECK(world.state(name) == "exited");
  CHECK(world.names(name) == Names{"first"});
  const size_t before = world.counted(name).size();
  CHECK(world.start_from(name, "first"));
  CHECK_FALSE(world.start_from(name, "first"));
  world.wait_for_count(name, before + 3);

  const std::vector<int> all = world.counted(name);
  for (size_t i = 1; i < all.size(); ++i) {
    // What was said while it was saved may be missing or be said again; it never begins anew.
    INFO(all[i - 1] << " then " << all[i]);
    CHECK(all[i] >= all[i - 1]);
    CHECK(all[i] > 1);
  }
}

TEST_CASE("a container that is left running is as it was once its checkpoint is there",
          "[docker][real]") {
  if (!DockerDaemon::can_checkpoint()) return;
  Checkpoints world;
  const std::string name = world.run(kIdle);

  world.save(name, "live", R"(,"leave_running":true)");
  CHECK(world.state(name) == "running");
  world.answer("docker.container.pause", world.of(name));
  world.save(name, "frozen", R"(,"leave_running":true)");
  CHECK(world.state(name) == "paused");
  world.answer("docker.container.resume", world.of(name));
  CHECK(world.names(name) == Names{"frozen", "live"});

  world.answer("docker.checkpoint.remove", world.named(name, "live"));
  CHECK(world.names(name) == Names{"frozen"});
}

TEST_CASE("a dry run and a probe look at checkpoints", "[docker][real]") {
  if (!DockerDaemon::can_checkpoint()) return;
  Checkpoints world;
  const std::string name = world.run(kIdle);
  world.save(name, "there", R"(,"leave_running":true)");
  const auto done = [&](const char* operation, const char* checkpoint) {
    return world.probed(operation, world.named(name, checkpoint)).boolean("/done");
  };

  CHECK(done("docker.checkpoint.create", "there"));
  CHECK_FALSE(done("docker.checkpoint.create", "gone"));
  CHECK(done("docker.checkpoint.remove", "gone"));
  CHECK_FALSE(done("docker.checkpoint.remove", "there"));
  const auto preview = [&](const char* operation, const char* checkpoint) {
    const auto result = world.preview(operation, world.named(name, checkpoint));
    return result ? "none" : result.error().code;
  };
  CHECK(preview("docker.checkpoint.create", "new") == "none");
  CHECK(preview("docker.checkpoint.create", "there") == "ALREADY_EXISTS");
  CHECK(preview("docker.checkpoint.remove", "there") == "none");
  world.answer("docker.container.stop", world.of(name));
  CHECK(preview("docker.checkpoint.create", "new") == "CONFLICT");
  CHECK(preview("docker.checkpoint.remove", "there") == "none");
  CHECK(preview("docker.checkpoint.remove", "gone") == "NOT_FOUND");
  CHECK(world.names(name) == Names{"there"});
}

TEST_CASE("what cannot be done with a checkpoint is refused in Docker's words", "[docker][real]") {
  if (!DockerDaemon::can_checkpoint()) return;
  Checkpoints world;
  const std::string name = world.run(kIdle), ended = world.run("exit 0");
  world.docker.wait(ended);
  world.save(name, "there", R"(,"leave_running":true)");
  const auto refused = [&](const std::string& operation, const std::string& args,
                           const std::string& words) {
    const auto result = world.call(operation, args);
    REQUIRE_FALSE(result.has_value());
    INFO(result.error().message);
    CHECK(result.error().message.find(words) != std::string::npos);
    return result.error().code;
  };

  CHECK(refused("docker.checkpoint.create", world.named(name, "there"), "already exists") ==
        "ALREADY_EXISTS");
  CHECK(refused("docker.checkpoint.create", world.named(name, "n\u00f6 name"),
                "Invalid checkpoint ID") == "INVALID_ARGUMENT");
  CHECK(refused("docker.checkpoint.create", world.named(ended, "x1"), "not running") == "CONFLICT");
  CHECK(refused("docker.checkpoint.create", world.named("nobody-here", "x1"),
                "No such container") == "NOT_FOUND");
  CHECK(refused("docker.checkpoint.remove", world.named(name, "gone"), "does not exist") ==
        "NOT_FOUND");
  CHECK(refused("docker.container.start", world.of(ended, R"("checkpoint":"gone")"),
                "does not exist") == "NOT_FOUND");
  CHECK(refused("docker.container.start", world.of(ended, R"("checkpoint":"..")"), "no name") ==
        "INVALID_ARGUMENT");
}

TEST_CASE("a daemon without CRIU says so and what to do", "[docker][real]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon daemon(DockerDaemon::WithoutCriu{});
  Checkpoints world(daemon);
  const std::string name = world.run(kIdle);

  const auto refused = world.call("docker.checkpoint.create", world.named(name, "c1"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "UNSUPPORTED");
  CHECK(refused.error().message.find("criu") != std::string::npos);
  CHECK(refused.error().hint.find("install CRIU") != std::string::npos);
  CHECK(world.state(name) == "running");
}

TEST_CASE("what Docker shows for a moment after a checkpoint is waited for", "[docker]") {
  const TemporaryFolder folder;
  int looks = 0, paused = 0;
  bool saved = false, is_gone = false, is_away = false;
  const HttpServer server(
      [&](HttpPeer& peer) {
        const auto asks = [&](const char* what) { return peer.head.find(what) != peer.head.npos; };
        const char* header = "Api-Version: 1.41\r\n";
        if (asks("/checkpoints ")) {
          saved = true;
          return peer.answer(201, "", header);
        }
        if (saved && is_away) return false;
        if (asks("/wait?condition=not-running ")) {
          if (is_gone) return peer.answer(404, R"({"message":"No such container: db"})", header);
          return peer.answer(200, R"({"StatusCode":137})", header);
        }
        if (!asks("/db/json ")) return peer.answer(200, "OK", header);
        const bool frozen = saved && ++looks > 1 && looks <= 1 + paused;  // told late
        return peer.answer(
            200, std::string(R"({"State":{"Paused":)") + (frozen ? "true" : "false") + "}}",
            header);
      },
      folder.path() + "/docker.sock");
  PluginFixture world("{\"socket\":\"" + server.unix_socket() + "\"}");
  const std::string end = R"({"container":"db","name":"c1"})";
  const std::string live = R"({"container":"db","name":"c1","leave_running":true})";

  paused = 2;
  world.answer("docker.checkpoint.create", live);
  CHECK(looks == 1 + 2 + 3);
  world.answer("docker.checkpoint.create", end);
  is_gone = true;
  world.answer("docker.checkpoint.create", end);

  is_away = true;
  for (const std::string& args : {live, end}) {
    saved = false;
    const auto cut = world.call("docker.checkpoint.create", args);
    REQUIRE_FALSE(cut.has_value());
    CHECK(cut.error().outcome_unknown);
  }
}

TEST_CASE("a start from a checkpoint that containerd still holds is asked for again", "[docker]") {
  const TemporaryFolder folder;
  int starts = 0, refusals = 0;
  const HttpServer server(
      [&](HttpPeer& peer) {
        const char* header = "Api-Version: 1.41\r\n";
        if (peer.head.find("/start?checkpoint=c1 ") == std::string::npos) {
          return peer.answer(200, "OK", header);
        }
        if (++starts > refusals) return peer.answer(204, "", header);
        return peer.answer(500,
                           R"({"message":"failed to upload checkpoint to containerd: commit )"
                           R"(failed: content sha256:e81b2baf: already exists"})",
                           header);
      },
      folder.path() + "/docker.sock");
  PluginFixture world("{\"socket\":\"" + server.unix_socket() + "\"}");
  const std::string args = R"({"container":"db","checkpoint":"c1"})";

  refusals = 1;
  CHECK(world.answer("docker.container.start", args).boolean("/changed"));
  CHECK(starts == 2);

  refusals = 1000;
  const auto refused = world.call("docker.container.start", args);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "CONFLICT");
  CHECK(refused.error().retryable);
  CHECK_FALSE(refused.error().outcome_unknown);
  CHECK(refused.error().message.find("already exists") != std::string::npos);
  CHECK(starts < refusals);
}
