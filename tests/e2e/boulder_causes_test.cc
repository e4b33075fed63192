// The runbook of Boulder's alert "Workspace Start Failure Rate", on a real dockerd: the common
// causes, and the cleanup.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/boulder.h"
#include "tests/support/catch.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using namespace engine::test;

namespace {

constexpr const char* kRunbook = "workspace-start-failures";

int listen_at(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(fd, 1) == 0);
  return fd;
}

pid_t start_proxy(const char* port) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // It tells a file descriptor of dockerd's that it listens; here the test's own output takes that.
  if (dup2(STDERR_FILENO, 3) < 0) _exit(126);
  execlp("docker-proxy", "docker-proxy", "-proto", "tcp", "-host-ip", "127.0.0.1", "-host-port",
         port, "-container-ip", "172.17.0.99", "-container-port", "80", nullptr);
  _exit(127);
}

}  // namespace

TEST_CASE("a full disk is named and old stopped workspaces go only when asked", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("up", "ada");
  boulder.workspace("old", "bob", "head -c 300000 /dev/zero > /data");
  boulder.start("ws-kept", R"("boulder.workspace":"kept","boulder.keep":"true")", R"(["true"])");
  boulder.docker.wait("ws-old");
  boulder.docker.wait("ws-kept");

  const Ended young = boulder.run(kRunbook, {"--disk-full", "0", "--cleanup"});
  INFO(young.out << young.err);
  CHECK(contains(young.out, "CAUSE: disk full"));
  CHECK(contains(young.out, "no stopped workspace is older than 1w"));

  const std::vector<std::string> full = {"--disk-full", "0", "--cleanup-older-than", "0s"};
  const Ended named = boulder.run(kRunbook, full);
  INFO(named.out);
  CHECK(contains(named.out, "Cleanup: could remove 1 stopped workspace"));
  CHECK(contains(named.out, "ws-old (workspace old, bob)"));
  CHECK(contains(named.out, "KiB"));
  CHECK(contains(named.out, "--cleanup"));
  CHECK(boulder.exists("ws-old"));

  std::vector<std::string> cleaning = full;
  cleaning.emplace_back("--cleanup");
  std::vector<std::string> dry = cleaning;
  dry.emplace_back("--dry-run");
  const Ended planned = boulder.run(kRunbook, dry);
  INFO(planned.out);
  CHECK(contains(planned.out, "would remove 1 stopped workspace"));
  CHECK(contains(planned.out, "docker.container.remove"));
  CHECK(boulder.exists("ws-old"));

  const std::string result = boulder.result(kRunbook, cleaning);
  INFO(result);
  CHECK(at(result, "cleanup.removed") == R"(["ws-old"])");
  CHECK_FALSE(boulder.exists("ws-old"));
  CHECK(boulder.exists("ws-kept"));
  CHECK(boulder.is_running("ws-up"));
}

TEST_CASE("the disk of Docker's data is named when it is full and no start was even seen",
          "[docker]") {
  if (!DockerDaemon::possible()) return;
  const TemporaryFolder folder;
  const SmallDisk disk(folder.path(), "16m");
  if (!disk.mounted) return;
  const Boulder boulder({"--data-root", disk.path() + "/docker"});
  boulder.workspace("old", "bob", "head -c 300000 /dev/zero > /data");
  boulder.docker.wait("ws-old");
  const std::vector<std::string> since = {"--since", "1ms", "--cleanup-older-than", "0s"};

  const Ended roomy = boulder.run(kRunbook, since);
  INFO(roomy.out << roomy.err);
  CHECK_FALSE(contains(roomy.out, "CAUSE: disk full"));
  CHECK(contains(roomy.out, "disk    " + disk.path()));

  disk.fill_up_to(0);
  CHECK(boulder.docker
            .request("POST", "/containers/create?name=ws-new",
                     std::string(R"({"Image":")") + DockerDaemon::kImage + R"(","Cmd":["true"]})")
            .status == 500);
  const Ended full = boulder.run(kRunbook, since);
  INFO(full.out << full.err);
  CHECK(contains(full.out, "CAUSE: disk full"));
  CHECK(contains(full.out, "disk " + disk.path() + "/docker has 100 % of its space used"));
  CHECK(contains(full.out, "ws-old (workspace old, bob)"));
  CHECK(boulder.exists("ws-old"));

  std::vector<std::string> cleaning = since;
  cleaning.emplace_back("--cleanup");
  const std::string result = boulder.result(kRunbook, cleaning);
  INFO(result);
  CHECK(at(result, "cleanup.removed") == R"(["ws-old"])");
  CHECK(disk.free() > 300'000);
}

TEST_CASE("without a full disk nothing is cleaned up", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("old", "bob", "exit 0");
  boulder.docker.wait("ws-old");

  const std::string result =
      boulder.result(kRunbook, {"--disk-full", "100", "--cleanup", "--cleanup-older-than", "0s"});
  CHECK(at(result, "cleanup.candidates") == "[]");
  CHECK(boulder.exists("ws-old"));

  // Its own words tell of a full disk that is not full any more, or is another one.
  boulder.workspace("wrote", "ada", "echo 'write /var/x: no space left on device' >&2; exit 1");
  boulder.docker.wait("ws-wrote");
  const Ended words = boulder.run(kRunbook, {"--disk-full", "100"});
  INFO(words.out);
  CHECK(contains(words.out, "CAUSE: disk full"));
  CHECK(contains(words.out, "no space left on device"));
}

TEST_CASE("an image that starts need is pulled once a pull has failed and no other", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Boulder boulder;
  boulder.cli.write("site/boulder/site.lua",
                    "return { start_failures = { images = { '127.0.0.1:1/workspace:v2' } } }");
  const std::string image = std::string(DockerDaemon::kImage);
  boulder.docker.request("POST", "/images/" + image + "/tag?repo=127.0.0.1:1/old&tag=v1");
  const std::string body =
      R"({"Image":"127.0.0.1:1/old:v1","Cmd":["true"],"Labels":{"boulder.workspace":"untagged"}})";
  REQUIRE(boulder.docker.request("POST", "/containers/create?name=ws-untagged", body).status ==
          201);
  boulder.docker.request("DELETE", "/images/127.0.0.1:1/old:v1?force=1");
  const Ended quiet = boulder.run(kRunbook);
  INFO(quiet.out << quiet.err);
  CHECK(contains(quiet.out, "image 127.0.0.1:1/workspace:v2 is needed to start and not on this"));
  CHECK_FALSE(contains(quiet.out, "connection refused"));
  CHECK_FALSE(contains(quiet.out, "old:v1"));

  boulder.start("boulder-daemon", R"("boulder.service":"daemon")",
                R"(["sh","-c","echo 'pull access denied for workspace' >&2"])");
  boulder.docker.wait("boulder-daemon");
  const Ended words = boulder.run(kRunbook);
  INFO(words.out << words.err);
  CHECK(words.code == 0);
  CHECK(contains(words.out, "CAUSE: image pull failures"));
  CHECK(contains(words.out, "connection refused"));
  CHECK(contains(words.out, "check registry auth"));
  CHECK_FALSE(contains(words.out, "old:v1"));

  const Ended dry = boulder.run(kRunbook, {"--dry-run"});
  INFO(dry.out);
  CHECK(contains(dry.out, "a real run pulls it"));
  CHECK(contains(dry.out, "docker.image.pull"));
  const Ended full = boulder.run(kRunbook, {"--disk-full", "0"});
  CHECK_FALSE(contains(full.out, "connection refused"));
}

TEST_CASE("a taken port is named with its holder and a leaked one with the way to free it",
          "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.publishing("first", "ws-first", 18080);
  boulder.publishing("second", "ws-second", 18080);
  boulder.publishing("third", "ws-third-proxy", 18090);
  boulder.publishing("third", "ws-third", 18090);
  boulder.docker.inside([&] {
    const int held = listen_at(18070);
    boulder.publishing("fourth", "ws-fourth", 18070);

    const std::string result = boulder.result(kRunbook);
    INFO(result);
    CHECK(at(result, "failed") == "3");
    CHECK(contains(at(result, "causes"), "port_exhaustion"));
    const Ended words = boulder.run(kRunbook);
    INFO(words.out);
    CHECK(contains(words.out, "CAUSE: port exhaustion"));
    CHECK(contains(words.out,
                   "18080/tcp  held by container ws-first: workspace first uses it; "
                   "wanted by second; owner owner-of-first"));
    CHECK(contains(words.out, "18090/tcp  LEAKED, held by container ws-third-proxy"));
    CHECK(contains(words.out, "free it: docker stop ws-third-proxy"));
    CHECK(contains(words.out, "18070/tcp  held by "));
    CHECK(contains(words.out, "another program listens on it; wanted by fourth"));
    close(held);
  });
}

TEST_CASE("a docker-proxy without a container that publishes its port has leaked it", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  pid_t proxy = -1;
  boulder.docker.inside([&] { proxy = start_proxy("18060"); });
  // It listens soon after it was started.
  Ended words;
  for (int tries = 0; tries < 50 && !contains(words.out, "18060/tcp"); ++tries)
    words = boulder.run(kRunbook);
  kill(proxy, SIGKILL);
  waitpid(proxy, nullptr, 0);

  INFO(words.out << words.err);
  CHECK(contains(words.out, "18060/tcp  LEAKED, held by docker-proxy (pid " +
                                std::to_string(proxy) + "): no running container publishes it"));
  CHECK(contains(words.out, "free it: kill " + std::to_string(proxy)));
}

TEST_CASE("networks that nobody uses are named when their addresses have run out", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.docker.request("POST", "/networks/create", R"({"Name":"left-over"})");
  boulder.start("boulder-daemon", R"("boulder.service":"daemon")",
                R"(["sh","-c","echo 'all predefined address pools are used up' >&2"])");
  boulder.docker.wait("boulder-daemon");

  const Ended words = boulder.run(kRunbook);
  INFO(words.out << words.err);
  CHECK(contains(words.out, "CAUSE: port exhaustion"));
  CHECK(contains(words.out, "networks without a container: left-over"));
}

TEST_CASE("errors of Boulder's own services are read beside those of workspaces", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.start("boulder-daemon", R"("boulder.service":"daemon")",
                R"(["sh","-c","echo ready; echo 'pull access denied for workspace' >&2"])");
  boulder.docker.wait("boulder-daemon");

  const std::string result = boulder.result(kRunbook);
  INFO(result);
  CHECK(at(result, "starts") == "0");
  CHECK(contains(at(result, "errors"), R"("source":"service")"));
  CHECK(contains(at(result, "causes"), "image_pull"));
}
