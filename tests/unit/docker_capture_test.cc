// What real daemons of other versions answered is read as well as what the one here does.
#include <fstream>
#include <iterator>

#include "tests/support/http_server.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Recorded {
  std::string path, file;  // a request whose path (without the version) begins so
  int status = 200;
};

// The longest path that fits answers.
const std::vector<Recorded>& recorded() {
  static const std::vector<Recorded> kAnswers = {
      {"/info", "info.json"},
      {"/system/df", "df.json"},
      {"/containers/json", "containers.json"},
      {"/containers/walk/json", "inspect-healthy.json"},
      {"/containers/oom/json", "oom-inspect.json"},
      {"/containers/walk/stats", "stats-once.json"},
      {"/containers/gone/json", "notfound.json", 404},
      {"/containers/walk/top", "top.json"},
      {"/images/json", "images.json"},
      {"/images/lab/bb:api/json", "image-inspect.json"},
      {"/images/prune", "prune-images.json"},
      {"/images/create", "pull-unreachable.ndjson", 500},
      {"/networks/prune", "prune-networks.json"},
      {"/networks", "networks.json"},
      {"/volumes/prune", "prune-volumes.json"},
      {"/volumes", "volumes.json"},
      {"/events", "events-bounded.ndjson"},
  };
  return kAnswers;
}

const Recorded* answer_to(const std::string& head) {
  const size_t version = head.find(" /v1.");
  if (version == std::string::npos) return nullptr;
  const std::string path = head.substr(head.find('/', version + 2));
  // Asked by the container's id.
  static const Recorded kLogs = {"/containers/", "logs.raw"};
  if (path.find("/logs?") != std::string::npos) return &kLogs;
  const Recorded* best = nullptr;
  for (const Recorded& one : recorded()) {
    if (path.starts_with(one.path) && (!best || one.path.size() > best->path.size())) best = &one;
  }
  return best;
}

struct Played {
  std::string version, api;
  TemporaryFolder folder;
  test::HttpServer server{[this](test::HttpPeer& peer) { return play(peer); },
                          folder.path() + "/docker.sock"};
  PluginFixture docker{"{\"socket\":\"" + folder.path() + "/docker.sock\"}"};

  explicit Played(const std::string& given)
      : version(given), api(given.starts_with("20") ? "1.41" : "1.51") {}

  bool play(test::HttpPeer& peer) const {
    const std::string headers = "Api-Version: " + api + "\r\n";
    if (peer.head.find("/_ping") != std::string::npos) return peer.answer(200, "OK", headers);
    const Recorded* found = answer_to(peer.head);
    if (!found) return peer.answer(404, "{\"message\":\"page not found\"}", headers);
    const std::string file =
        SOURCE_DIR "/tests/support/captures/docker-" + version + "/" + found->file;
    return peer.answer(found->status, content(file), headers);
  }
};

}  // namespace

TEST_CASE("what Docker 20.10 and 28.5 say of containers is read") {
  Played played(GENERATE("20.10.24", "28.5.2"));
  PluginFixture& docker = played.docker;

  const Json list = docker.answer("docker.container.list", "{}");
  CHECK(list.text("/0/name") == "walk");
  CHECK(list.text("/0/labels/app") == "walk");
  CHECK(list.integer("/0/ports/0/public") == 18081);
  const Json healthy = docker.answer("docker.container.get", R"({"container":"walk"})");
  CHECK(healthy.text("/health") == "healthy");
  CHECK(healthy.boolean("/running"));
  const Json killed = docker.answer("docker.container.get", R"({"container":"oom"})");
  CHECK(killed.boolean("/oom_killed"));
  CHECK(killed.text("/state") == "exited");
  const Json stats = docker.answer("docker.container.stats", R"({"container":"walk"})");
  CHECK(stats.integer("/memory/used") > 0);
  CHECK(stats.integer("/pids") > 0);
  const Json logs = docker.answer("docker.container.logs", R"({"container":"walk"})");
  CHECK(logs.text("/stdout").find("out") != std::string::npos);
  CHECK(logs.text("/stderr").find("err") != std::string::npos);
  CHECK(docker.code("docker.container.get", R"({"container":"gone"})") == "NOT_FOUND");
}

TEST_CASE("what Docker 20.10 and 28.5 say of the system is read") {
  Played played(GENERATE("20.10.24", "28.5.2"));

  const Json system = played.docker.answer("docker.system.get", "{}");
  CHECK(system.text("/version").starts_with(played.version));
  CHECK(system.integer("/memory") > 0);
  const Json usage = played.docker.answer("docker.system.disk_usage", "{}");
  CHECK(usage.integer("/images/count") > 0);
  CHECK(usage.integer("/containers/count") > 0);
}

TEST_CASE("what Docker 20.10 and 28.5 say of images is read") {
  Played played(GENERATE("20.10.24", "28.5.2"));
  PluginFixture& docker = played.docker;

  const Json list = docker.answer("docker.image.list", "{}");
  CHECK(list.text("/0/tags/0") == "lab/bb:api");
  CHECK(list.integer("/0/size") == 1984187);
  const Json image = docker.answer("docker.image.get", R"({"image":"lab/bb:api"})");
  CHECK(image.text("/os") == "linux");
  CHECK(image.integer("/layers") > 0);
  const Json pruned = docker.answer("docker.image.prune", R"({"all":true})");
  CHECK(pruned.text("/untagged/0") == "lab/bb:api");
  CHECK(pruned.text("/deleted/0").starts_with("sha256:"));
  const auto pulled = docker.call("docker.image.pull", R"({"image":"127.0.0.1:1/none"})");
  REQUIRE_FALSE(pulled);
  CHECK(pulled.error().code == "NETWORK_ERROR");
  CHECK(pulled.error().message.find("connection refused") != std::string::npos);
}

TEST_CASE("what Docker 20.10 and 28.5 say of volumes and networks is read") {
  Played played(GENERATE("20.10.24", "28.5.2"));
  PluginFixture& docker = played.docker;

  const Json volumes = docker.answer("docker.volume.list", "{}");
  CHECK(volumes.text("/0/name") == "labvol");
  CHECK(volumes.text("/0/labels/lab") == "1");
  CHECK(docker.answer("docker.volume.prune", R"({"all":true})").integer("/reclaimed") == 0);
  const Json networks = docker.answer("docker.network.list", "{}");
  CHECK(networks.text("/0/name") == "none");
  CHECK(networks.text("/2/driver") == "bridge");
  CHECK(networks.text("/2/subnets/0/subnet").find("172.") == 0);
  CHECK(docker.answer("docker.network.prune", "{}").text("/removed/0") == "labnet");
}

TEST_CASE("what Docker 20.10 and 28.5 say of events is read") {
  Played played(GENERATE("20.10.24", "28.5.2"));

  const Json events = played.docker.answer("docker.event.list", "{}");
  CHECK(events.text("/0/action") == "health_status");
  CHECK(events.text("/0/detail") == "unhealthy");
  CHECK(events.text("/0/name") == "walk");
  CHECK(events.text("/0/image") == "lab/bb:api");
  CHECK(events.text("/2/action") == "die");
  CHECK(events.has("/2/exit_code"));
}
