// The road to a Docker daemon, with a server of ours in its place: versions, refusals, silence.
#include <unistd.h>

#include <mutex>

#include "plugins/docker/daemon.h"
#include "tests/support/catch.h"
#include "tests/support/http_server.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using test::HttpPeer;
using test::HttpServer;

namespace {

// A daemon of the given version whose answers a test writes.
struct FakeDocker {
  using Answer = std::function<bool(HttpPeer& peer, const std::string& target)>;

  explicit FakeDocker(Answer answer, std::string version = "1.41")
      : answer_(std::move(answer)), version_(std::move(version)) {}

  std::string settings(const std::string& more = "") const {
    return R"({"socket":")" + socket() + "\"" + more + "}";
  }
  std::string socket() const { return folder_.path() + "/docker.sock"; }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  void become(std::string version) {
    const std::lock_guard lock(mutex_);
    version_ = std::move(version);
  }

 private:
  bool serve(HttpPeer& peer) {
    std::string version, target = peer.head.substr(0, peer.head.find(" HTTP/"));
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(target);
      version = version_;
    }
    const std::string header = "Api-Version: " + version + "\r\n";
    if (target.ends_with("/_ping")) return peer.answer(200, "OK", header);
    const size_t at = target.find(" /v");
    if (at != target.npos && target.substr(at + 3, 4) > version) {
      return peer.answer(400,
                         "{\"message\":\"client version " + target.substr(at + 3, 4) +
                             " is too new. Maximum supported API version is " + version + "\"}",
                         header);
    }
    return answer_(peer, target);
  }

  TemporaryFolder folder_;
  Answer answer_;
  std::mutex mutex_;
  std::string version_;
  std::vector<std::string> asked_;
  HttpServer server_{[this](HttpPeer& peer) { return serve(peer); }, socket()};
};

bool no_containers(HttpPeer& peer, const std::string&) { return peer.answer(200, "[]"); }

Error refused(int status, const std::string& body) {
  FakeDocker docker([&](HttpPeer& peer, const std::string&) { return peer.answer(status, body); });
  PluginFixture world(docker.settings());
  const auto result = world.call("docker.container.get", R"({"container":"db"})");
  REQUIRE_FALSE(result.has_value());
  return result.error();
}

std::string message(const std::string& text) { return "{\"message\":\"" + text + "\"}"; }

docker::Environment variables(std::map<std::string, std::string> set) {
  return [set = std::move(set)](const char* name) {
    const auto found = set.find(name);
    return found == set.end() ? std::string() : found->second;
  };
}

}  // namespace

TEST_CASE("the version of the API is negotiated once and never above ours", "[docker]") {
  FakeDocker docker(no_containers, "1.99");
  PluginFixture world(docker.settings());

  world.answer("docker.container.list", "{}");
  world.answer("docker.container.list", "{}");

  CHECK(docker.asked() == std::vector<std::string>{"GET /_ping", "GET /v1.51/containers/json",
                                                   "GET /v1.51/containers/json"});
}

TEST_CASE("a daemon that was replaced by an older one is asked again in its version", "[docker]") {
  FakeDocker docker(no_containers, "1.51");
  PluginFixture world(docker.settings());
  world.answer("docker.container.list", "{}");

  docker.become("1.41");
  world.answer("docker.container.list", "{}");

  CHECK(docker.asked().back() == "GET /v1.41/containers/json");
  CHECK(docker.asked().size() == 5);
}

TEST_CASE("a version that is set is not negotiated", "[docker]") {
  FakeDocker docker(no_containers, "1.45");
  PluginFixture world(docker.settings(R"(,"api":"1.42")"));
  world.answer("docker.container.list", "{}");
  CHECK(docker.asked() == std::vector<std::string>{"GET /v1.42/containers/json"});
}

TEST_CASE("a daemon older than ours is refused with what to do", "[docker]") {
  FakeDocker docker(no_containers, "1.40");
  PluginFixture world(docker.settings());
  const auto result = world.call("docker.container.list", "{}");
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == "UNSUPPORTED");
  CHECK(result.error().message.find("1.40") != std::string::npos);
  CHECK(result.error().hint.find("20.10") != std::string::npos);
}

TEST_CASE("what is refused reaches the user in Docker's words under the code it means",
          "[docker]") {
  const Error missing = refused(404, message("No such container: db"));
  CHECK(missing.code == "NOT_FOUND");
  CHECK(missing.message == "No such container: db");
  CHECK(refused(400, message("bad parameter")).code == "INVALID_ARGUMENT");
  CHECK(refused(400, message("failed to create task for container: OCI runtime")).code == "FAILED");
  CHECK(refused(401, message("unauthorized")).code == "UNAUTHENTICATED");
  CHECK(refused(403, message("forbidden")).code == "PERMISSION_DENIED");
  CHECK(refused(403, message("network n has active endpoints")).code == "CONFLICT");
  CHECK(refused(409, message("Container db is not paused")).code == "CONFLICT");
  CHECK(
      refused(409, message("The container name \\\"/db\\\" is already in use by container")).code ==
      "ALREADY_EXISTS");
  CHECK(refused(500, message("write /x: no space left on device")).code == "DISK_FULL");
  CHECK(refused(500, message("Bind for 0.0.0.0:80 failed: port is already allocated")).code ==
        "CONFLICT");
  CHECK(refused(500, message("something broke")).code == "FAILED");
  CHECK(refused(500, message("checkpoint a does not exist for container db")).code == "NOT_FOUND");
  CHECK(refused(500, message("Container db not running")).code == "CONFLICT");
  CHECK(refused(500, message("invalid reference format")).code == "INVALID_ARGUMENT");
  CHECK(refused(500, message("CRIU version check failed: exec: \\\"criu\\\": executable file not "
                             "found in $PATH"))
            .code == "UNSUPPORTED");
  CHECK(refused(501, message("not here")).code == "UNSUPPORTED");
  CHECK(refused(503, message("busy")).code == "BACKEND_UNAVAILABLE");
  const Error plain = refused(500, "no JSON at all");
  CHECK(plain.message == "no JSON at all");
  CHECK(refused(500, "").message.find("500") != std::string::npos);
}

TEST_CASE("a daemon that is not there is unavailable and says where it was sought", "[docker]") {
  const TemporaryFolder folder;
  const std::string socket = folder.path() + "/docker.sock";
  PluginFixture world(R"({"socket":")" + socket + "\"}");
  const auto result = world.call("docker.container.list", "{}");
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == "BACKEND_UNAVAILABLE");
  CHECK(result.error().retryable);
  CHECK(result.error().message.find(socket) != std::string::npos);
}

TEST_CASE("a daemon that accepts and says nothing is a timeout", "[docker]") {
  FakeDocker docker([](HttpPeer& peer, const std::string&) {
    peer.wait_for_close();
    return false;
  });
  PluginFixture world(docker.settings(R"(,"timeout":"100ms")"));
  CHECK(world.code("docker.container.list", "{}") == "TIMEOUT");

  // On a busy machine the time can be over before the request is out; nothing is in doubt then.
  const auto asked = [&] { return docker.asked().back().find("/pause") != std::string::npos; };
  Result<std::string> started = std::string();
  for (int i = 0; i < 100 && !asked(); ++i) {
    started = world.call("docker.container.pause", R"({"container":"db"})");
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "TIMEOUT");
    CHECK((started.error().outcome_unknown || !asked()));
  }
  CHECK(asked());
}

TEST_CASE("an answer that breaks off is an error and no part of it an answer", "[docker]") {
  FakeDocker docker([](HttpPeer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{\"Id\":\"a\"}");
    return false;
  });
  PluginFixture world(docker.settings());
  const auto result = world.call("docker.container.list", "{}");
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == "NETWORK_ERROR");
  CHECK(result.error().retryable);
}

TEST_CASE("a log that breaks off within a frame is an error", "[docker]") {
  FakeDocker docker([](HttpPeer& peer, const std::string& target) {
    if (target.find("/logs") == target.npos) {
      return peer.answer(200, R"({"Id":"a","Config":{"Tty":false}})");
    }
    return peer.answer(200, std::string("\1\0\0\0\0\0\0\x09only", 12));
  });
  PluginFixture world(docker.settings());
  CHECK(world.code("docker.container.logs", R"({"container":"db"})") == "NETWORK_ERROR");
}

TEST_CASE("what is no JSON is an error of the daemon", "[docker]") {
  FakeDocker docker(
      [](HttpPeer& peer, const std::string&) { return peer.answer(200, "<html>proxy</html>"); });
  PluginFixture world(docker.settings());
  CHECK(world.code("docker.container.list", "{}") == "FAILED");
  CHECK(world.code("docker.system.get", "{}") == "FAILED");
}

TEST_CASE("a container that is removed while it is measured is not there", "[docker]") {
  FakeDocker docker([](HttpPeer& peer, const std::string&) { return peer.answer(200, ""); });
  PluginFixture world(docker.settings());
  CHECK(world.code("docker.container.stats", R"({"container":"db"})") == "NOT_FOUND");
}

TEST_CASE("a server that is no Docker daemon is named as such", "[docker]") {
  const TemporaryFolder folder;
  HttpServer other([](HttpPeer& peer) { return peer.answer(404, "not found"); },
                   folder.path() + "/other.sock");
  PluginFixture world(R"({"socket":")" + other.unix_socket() + "\"}");
  const auto refused = world.call("docker.system.ping", "{}");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "UNSUPPORTED");
  CHECK(refused.error().hint == "check that a Docker daemon listens there");
}

TEST_CASE("several daemons are asked by name", "[docker]") {
  FakeDocker one(
      [](HttpPeer& peer, const std::string&) { return peer.answer(200, R"([{"Id":"one"}])"); });
  FakeDocker two(
      [](HttpPeer& peer, const std::string&) { return peer.answer(200, R"([{"Id":"two"}])"); },
      "1.51");
  PluginFixture world(R"({"socket":")" + one.socket() + R"(","daemons":{"build":{"host":"unix://)" +
                      two.socket() + R"(","timeout":"5s"}}})");
  CHECK(world.answer("docker.container.list", "{}").text("/0/id") == "one");
  CHECK(world.answer("docker.container.list", R"({"daemon":"build"})").text("/0/id") == "two");
  CHECK(one.asked().back() == "GET /v1.41/containers/json");
  CHECK(two.asked().back() == "GET /v1.51/containers/json");
  CHECK(world.code("docker.container.list", R"({"daemon":"bild"})") == "NOT_FOUND");
}

TEST_CASE("a name that would lead to another address is no container", "[docker]") {
  FakeDocker docker(no_containers);
  PluginFixture world(docker.settings());
  for (const char* name : {"../images/x", "a/b", "..", "."}) {
    CHECK(world.code("docker.container.remove", R"({"container":")" + std::string(name) + "\"}") ==
          "NOT_FOUND");
  }
  CHECK(world.code("docker.container.remove", R"({"container":""})") == "INVALID_ARGUMENT");
  CHECK(world.code("docker.container.get", R"({"container":"new\nline"})") == "INVALID_ARGUMENT");
  CHECK(world.code("docker.checkpoint.remove", R"({"container":"a","name":".."})") ==
        "INVALID_ARGUMENT");
  CHECK(docker.asked().empty());
  world.call("docker.container.get", R"({"container":"/a b\u00fc?#"})");
  CHECK(docker.asked().back() == "GET /v1.41/containers/a%20b%C3%BC%3F%23/json");
}

TEST_CASE("where daemons are is told by the settings and else by the environment", "[docker]") {
  const auto read = [](const char* settings, std::map<std::string, std::string> set) {
    return docker::read_daemons(settings, variables(std::move(set)));
  };
  CHECK(read("{}", {})->at("default").unix_socket == "/var/run/docker.sock");
  CHECK(read("{}", {{"DOCKER_HOST", "unix:///x.sock"}})->at("default").unix_socket == "/x.sock");
  const auto plain = read("{}", {{"DOCKER_HOST", "tcp://10.0.0.7"}})->at("default");
  CHECK(plain.base == "http://10.0.0.7:2375");
  CHECK(plain.unix_socket.empty());
  const auto tls = read("{}", {{"DOCKER_HOST", "tcp://[::1]:1234/"},
                               {"DOCKER_TLS_VERIFY", "1"},
                               {"DOCKER_CERT_PATH", "/certs"}})
                       ->at("default");
  CHECK(tls.base == "https://[::1]:1234");
  CHECK(tls.tls.ca_file == "/certs/ca.pem");
  CHECK(tls.tls.client_cert == "/certs/cert.pem");
  CHECK(tls.tls.client_key == "/certs/key.pem");
  CHECK(read(R"({"host":"unix:///own.sock"})", {{"DOCKER_HOST", "unix:///x.sock"}})
            ->at("default")
            .unix_socket == "/own.sock");
  CHECK(read(R"({"daemons":{"far":{"host":"tcp://far","ca_file":"/ca"}}})", {})->at("far").base ==
        "https://far:2376");
}

TEST_CASE("settings that cannot be meant are refused by their name", "[docker]") {
  const auto refuse = [](const char* settings, std::map<std::string, std::string> set = {}) {
    const auto read = docker::read_daemons(settings, variables(std::move(set)));
    return read ? std::string("taken") : read.error().message;
  };
  CHECK(refuse("{}", {{"DOCKER_HOST", "ssh://me@far"}}).find("ssh://me@far") != std::string::npos);
  CHECK(refuse(R"({"host":"unix://relative"})").find("absolute") != std::string::npos);
  CHECK(refuse(R"({"host":"tcp://a","socket":"/b"})").find("not both") != std::string::npos);
  CHECK(refuse(R"({"api":"1.24"})").find("1.41") != std::string::npos);
  CHECK(refuse(R"({"daemons":{"x":{"hots":"tcp://a"}}})").find("daemons.x has no setting") !=
        std::string::npos);
  CHECK(refuse(R"({"daemons":{"x":{}}})").find("neither host nor socket") != std::string::npos);
  CHECK(refuse(R"({"daemons":{"x":{"host":"tcp://a","timeout":"soon"}}})").find("duration") !=
        std::string::npos);
}
