// The runbook of Boulder's alert "High Memory Usage", on a real dockerd.
#include "tests/support/boulder.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::test;

namespace {

constexpr const char* kRunbook = "high-memory";

// Until the runbook counts so many as idle: they are, as soon as they have been up for a second.
std::string result_with_idle(const Boulder& boulder, const std::string& idle,
                             const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"--idle", "1s", "--dry-run"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::string result;
  for (int tries = 0; tries < 30 && at(result, "idle") != idle; ++tries)
    result = boulder.result(kRunbook, arguments);
  return result;
}

}  // namespace

TEST_CASE("consumers are ranked by memory with their owners and limits", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("small", "ada");
  // tmpfs counts as the container's memory.
  boulder.workspace("large", "bob",
                    std::string("head -c 30000000 /dev/zero > /dev/shm/x; ") + Boulder::kLives,
                    R"("HostConfig":{"Memory":209715200,"ShmSize":67108864})");
  boulder.start("database", "", R"(["sleep","1000"])");

  std::string result;
  for (int tries = 0; tries < 30 && !contains(result, R"("memory_bytes":3)"); ++tries)
    result = boulder.result(kRunbook, {"--max-used", "0"});
  INFO(result);
  CHECK(at(result, "verdict") == "warning");
  const std::string consumers = at(result, "consumers");
  CHECK(consumers.find("ws-large") < consumers.find("ws-small"));
  CHECK(contains(consumers, "database"));
  CHECK(contains(consumers, R"("limit_bytes":209715200)"));
  CHECK(contains(at(result, "contacts"), R"("owner":"bob")"));
  CHECK_FALSE(contains(at(result, "contacts"), "database"));
  CHECK(at(result, "idle") == "[]");

  const Ended words = boulder.run(kRunbook, {"--max-used", "100"});
  INFO(words.out << words.err);
  CHECK(contains(words.out, "OK: memory of"));
  CHECK(contains(words.out, "Top memory consumers"));
  CHECK(contains(words.out, "a. Contact users"));
  CHECK(contains(words.out, "there is none"));
  CHECK(contains(words.out, "c. Add more memory to the host"));
  CHECK(contains(words.out, "Less than a quarter of their limit is used by: ws-large"));
  CHECK(contains(words.out, "No limit at all: ws-small"));
  CHECK(contains(words.out, "Enable auto-shutdown. It is not enabled for: "));
  for (const char* name : {"ws-small", "ws-large", "database"}) boulder.docker.remove(name);
}

TEST_CASE("idle workspaces are named and stopped only when asked", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.start("ws-idle", R"("boulder.workspace":"idle","boulder.owner":"ada")",
                R"(["sleep","1000"])", R"("StopSignal":"SIGKILL")");
  boulder.start("ws-kept", R"("boulder.workspace":"kept","boulder.keep":"true")",
                R"(["sleep","1000"])");
  boulder.workspace("works", "bob", "while :; do :; done");
  boulder.workspace("talks", "bob", "while :; do date; sleep 0.1; done");

  const std::string seen = result_with_idle(boulder, R"(["ws-idle"])");
  INFO(seen);
  CHECK(at(seen, "idle") == R"(["ws-idle"])");
  CHECK(at(seen, "stopped") == "[]");

  const Ended named = boulder.run(kRunbook, {"--idle", "1s"});
  INFO(named.out << named.err);
  CHECK(contains(named.out, "ws-idle (workspace idle, ada): idle for"));
  CHECK(contains(named.out, "--stop-idle"));
  const Ended dry = boulder.run(kRunbook, {"--idle", "1s", "--stop-idle", "--dry-run"});
  INFO(dry.out);
  CHECK(contains(dry.out, "would stop 1 workspace"));
  CHECK(contains(dry.out, "docker.container.stop"));
  CHECK(boulder.is_running("ws-idle"));

  const std::string result = boulder.result(kRunbook, {"--idle", "1s", "--stop-idle"});
  INFO(result);
  CHECK(at(result, "stopped") == R"(["ws-idle"])");
  CHECK_FALSE(boulder.is_running("ws-idle"));
  for (const char* name : {"ws-kept", "ws-works", "ws-talks"}) {
    CHECK(boulder.is_running(name));
    boulder.docker.remove(name);
  }
}

TEST_CASE("a day is the default and who is used while it is looked at is left alone", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Boulder boulder;
  boulder.workspace("chats", "ada", "while :; do ping -c 1 172.17.0.1 >/dev/null; sleep 0.2; done");

  const std::string fresh = boulder.result(kRunbook, {"--stop-idle"});
  CHECK(at(fresh, "idle") == "[]");
  CHECK(boulder.is_running("ws-chats"));

  boulder.cli.write("site/boulder/site.lua", "return { high_memory = { idle_cpu = 100 } }");
  CHECK(at(result_with_idle(boulder, R"(["ws-chats"])"), "idle") == R"(["ws-chats"])");
  const std::string result = boulder.result(kRunbook, {"--idle", "1s", "--stop-idle"});
  INFO(result);
  CHECK(at(result, "stopped") == "[]");
  CHECK(at(result, "spared") == R"(["ws-chats"])");
  CHECK(boulder.is_running("ws-chats"));

  // Once a run knows what it had sent before, that it has sent more is activity.
  boulder.cli.write("site/boulder/site.lua",
                    "return { high_memory = { idle_cpu = 100, idle_traffic = '1B' } }");
  const std::string known = boulder.result(kRunbook, {"--idle", "1s"});
  INFO(known);
  CHECK(at(known, "idle") == "[]");
  boulder.docker.remove("ws-chats");
}
