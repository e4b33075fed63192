// A Boulder of our own: a dockerd with workspaces in every state, and the runbooks run on it as a
// person would.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/cli.h"
#include "tests/support/docker_daemon.h"

namespace engine::test {

class Boulder {
 public:
  static constexpr const char* kLives = "trap 'exit 0' TERM; while :; do sleep 0.2; done";

  // `options` are dockerd's.
  explicit Boulder(const std::vector<std::string>& options = {});

  // A workspace's container that is started, which may fail: "owner" "" is none. `more` goes into
  // the request.
  std::string workspace(const std::string& name, const std::string& owner,
                        const std::string& script = kLives, const std::string& more = "") const;
  // The same, with this command instead of a script.
  std::string start(const std::string& container, const std::string& labels,
                    const std::string& command, const std::string& more = "") const;
  // Workspaces that cannot be started, since their command does not exist.
  void failing(int count, const std::string& stem) const;
  // A container that publishes a port of its machine.
  std::string publishing(const std::string& name, const std::string& container, int port) const;

  bool exists(const std::string& container) const;
  bool is_running(const std::string& container) const;

  // Runs the runbook in the daemon's network; its report is in `out`, its result as JSON with
  // `-o json` in it.
  Ended run(const std::string& runbook, std::vector<std::string> more = {}) const;
  std::string result(const std::string& runbook, std::vector<std::string> more = {}) const;

  DockerDaemon docker;
  Cli cli;
};

// A value of JSON by its path "escalate.needed": a text without its quotes, all else as JSON.
std::string at(std::string_view json, std::string_view path);
bool contains(std::string_view text, std::string_view part);

}  // namespace engine::test
