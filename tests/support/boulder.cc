#include "tests/support/boulder.h"

#include "tests/support/catch.h"

namespace engine::test {

namespace {

std::string labels_of(const std::string& workspace, const std::string& owner) {
  std::string labels = R"("boulder.workspace":")" + workspace + "\"";
  if (!owner.empty()) labels += R"(,"boulder.owner":")" + owner + "\"";
  return labels;
}

}  // namespace

Boulder::Boulder(const std::vector<std::string>& options) : docker(options) {
  cli.env["DOCKER_HOST"] = docker.docker_host();
  // A site's own folder comes before the runbooks that came with the program.
  cli.env["ENGINE_RUNBOOKS"] = cli.folder() + "/site:" + SOURCE_DIR + "/runbooks";
}

std::string Boulder::start(const std::string& container, const std::string& labels,
                           const std::string& command, const std::string& more) const {
  const std::string body = std::string(R"({"Image":")") + DockerDaemon::kImage + R"(","Cmd":)" +
                           command + R"(,"Labels":{)" + labels + "}" +
                           (more.empty() ? "" : "," + more) + "}";
  const HttpAnswer created = docker.request("POST", "/containers/create?name=" + container, body);
  INFO(created.body);
  REQUIRE(created.status == 201);
  docker.request("POST", "/containers/" + container + "/start");
  return container;
}

std::string Boulder::workspace(const std::string& name, const std::string& owner,
                               const std::string& script, const std::string& more) const {
  return start("ws-" + name, labels_of(name, owner), R"(["sh","-c",")" + script + "\"]", more);
}

void Boulder::failing(int count, const std::string& stem) const {
  for (int i = 1; i <= count; ++i) {
    const std::string name = stem + std::to_string(i);
    start("ws-" + name, labels_of(name, "owner-of-" + name), R"(["no-such-command"])");
  }
}

std::string Boulder::publishing(const std::string& name, const std::string& container,
                                int port) const {
  return start(
      container, labels_of(name, "owner-of-" + name),
      std::string(R"(["sh","-c",")") + kLives + "\"]",
      R"("ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":")" +
          std::to_string(port) + "\"}]}}");
}

bool Boulder::exists(const std::string& container) const {
  return docker.request("GET", "/containers/" + container + "/json").status == 200;
}

bool Boulder::is_running(const std::string& container) const {
  const HttpAnswer answer = docker.request("GET", "/containers/" + container + "/json");
  return contains(answer.body, R"("Status":"running")");
}

Ended Boulder::run(const std::string& runbook, std::vector<std::string> more) const {
  more.insert(more.begin(), {"run", "boulder/" + runbook});
  Ended ended;
  docker.inside([&] { ended = cli.run(more); });
  return ended;
}

std::string Boulder::result(const std::string& runbook, std::vector<std::string> more) const {
  more.insert(more.end(), {"-o", "json"});
  const Ended ended = run(runbook, std::move(more));
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
  return member(ended.out, "result");
}

std::string at(std::string_view json, std::string_view path) {
  std::string value(json);
  for (;;) {
    const size_t dot = path.find('.');
    value = member(value, path.substr(0, dot));
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  if (value.size() >= 2 && value.front() == '"') return value.substr(1, value.size() - 2);
  return value;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace engine::test
