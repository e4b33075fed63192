// engine events as a person or a program uses it: listed, followed live, ended with Ctrl-C.
#include <csignal>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/cli.h"
#include "tests/support/docker_daemon.h"

using engine::test::Cli;
using engine::test::DockerDaemon;
using engine::test::Ended;
using engine::test::member;
using engine::test::unique;

namespace {

void wait_for(const Cli& cli, const std::string& file, const std::string& text) {
  while (cli.read(file).find(text) == std::string::npos) std::this_thread::yield();
}

std::string line_with(const std::string& text, const std::string& part) {
  const size_t at = text.find(part);
  const size_t begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace

TEST_CASE("engine events lists the sources and names the near one") {
  Cli cli;
  const Ended list = cli.run({"events"});
  CHECK(list.code == 0);
  CHECK(list.out.find("docker.container") != std::string::npos);
  CHECK(list.out.find("What happens to containers.") != std::string::npos);
  const Ended help = cli.run({"events", "docker.container", "--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("--filters") != std::string::npos);
  CHECK(help.out.find("health_status") != std::string::npos);
  const Ended wrong = cli.run({"events", "docker.contaner"});
  CHECK(wrong.code != 0);
  CHECK(wrong.err.find("did you mean 'docker.container'?") != std::string::npos);
}

TEST_CASE("engine events follows live until Ctrl-C and goes on from a cursor", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& daemon = DockerDaemon::shared();
  const std::string name = unique("cli");
  Cli cli;
  cli.env["DOCKER_HOST"] = daemon.docker_host();
  const std::vector<std::string> command = {"events", "docker.container", "--filters",
                                            "container=" + name};

  auto live = cli.start(command);
  wait_for(cli, "1.err", "following docker.container");
  daemon.run(name, "exit 3");
  daemon.wait(name);
  wait_for(cli, "1.out", "die " + name);
  live.signal(SIGINT);
  const Ended ended = live.wait();
  CHECK(ended.code == 0);
  CHECK(ended.out.find("create " + name) != std::string::npos);
  CHECK(ended.out.find("\"exit_code\":3") != std::string::npos);

  std::vector<std::string> past = command;
  past.insert(past.end(), {"--since", "1h", "-o", "json"});
  auto again = cli.start(past);
  wait_for(cli, "2.out", "\"kind\":\"die\"");
  again.signal(SIGTERM);
  CHECK(again.wait().code == 0);
  const std::string created = line_with(cli.read("2.out"), "\"kind\":\"create\"");
  CHECK(member(created, "source") == "\"docker.container\"");

  std::string cursor = member(created, "cursor");
  cursor = cursor.substr(1, cursor.size() - 2);
  std::vector<std::string> behind = command;
  behind.insert(behind.end(), {"--since", cursor, "-o", "json"});
  auto rest = cli.start(behind);
  wait_for(cli, "3.out", "\"kind\":\"die\"");
  rest.signal(SIGINT);
  CHECK(rest.wait().out.find("\"kind\":\"create\"") == std::string::npos);
  daemon.remove(name);
}
