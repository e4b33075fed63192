// The docker plugin before a real dockerd, with containers that go when the test does.
#pragma once

#include "engine/base/json.h"
#include "tests/support/docker_daemon.h"
#include "tests/support/plugin_fixture.h"

namespace engine::test {

// Containers are made through Docker's API itself, so that a test looks at one operation.
class DockerWorld : public PluginFixture {
 public:
  explicit DockerWorld(DockerDaemon& daemon = DockerDaemon::shared())
      : PluginFixture(daemon.settings()), docker(daemon) {}
  ~DockerWorld() {
    for (const std::string& name : made_) docker.remove(name);
  }

  // The name of a running container.
  std::string run(const std::string& script, const std::string& extra = "") {
    const std::string name = own(unique("c"));
    docker.run(name, script, extra);
    return name;
  }
  // Removed in the end, whoever makes it.
  std::string own(std::string name) {
    made_.push_back(name);
    return name;
  }
  // {"container": name, ...more}
  static std::string of(const std::string& name, const std::string& more = "") {
    return "{\"container\":\"" + name + "\"" + (more.empty() ? "" : "," + more) + "}";
  }
  Json get(const std::string& name) { return answer("docker.container.get", of(name)); }
  std::string state(const std::string& name) { return get(name).text("/state"); }

  DockerDaemon& docker;

 private:
  std::vector<std::string> made_;
};

// Runs until it is told to end, and ends at once.
inline const std::string kIdle = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

}  // namespace engine::test
