// A real dockerd for tests, private to them: in a network namespace of its own, with all its files
// below one short temporary path, gone again when nobody uses it, also after a test was killed.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/unix_http.h"

namespace engine::test {

class DockerDaemon {
 public:
  // busybox with a link for each applet, and no command of its own.
  static constexpr const char* kImage = "engine-test/busybox:1";

  // Says "skipped: ..." and answers false where no dockerd can run. Begin each test with it:
  //   if (!DockerDaemon::possible()) return;
  static bool possible();
  // The same where checkpoints are asked for: needs a CRIU that works with this kernel.
  static bool can_checkpoint();

  // The one that all test processes of this build share, side by side: give containers, volumes,
  // networks and images names of your own (`unique`), prune only with a filter, and leave nothing
  // running. It stays a few seconds after its last user.
  static DockerDaemon& shared();

  // One of the test's own, to be stopped, killed and filled.
  explicit DockerDaemon(const std::vector<std::string>& options = {});
  // The same without the CRIU that tools/setup made.
  struct WithoutCriu {};
  explicit DockerDaemon(WithoutCriu);
  ~DockerDaemon();

  const std::string& folder() const { return folder_; }
  const std::string& socket() const { return socket_; }            // a path
  std::string docker_host() const { return "unix://" + socket_; }  // for DOCKER_HOST
  // The plugin's settings as JSON, with this daemon as the default one.
  std::string settings() const { return "{\"host\":\"" + docker_host() + "\"}"; }
  // For `nsenter --net=`: there are docker0, its addresses and the published ports.
  std::string network_namespace() const;
  // Runs `work` on a thread inside that namespace; sockets opened there stay there.
  void inside(const std::function<void()>& work) const;

  // Docker's API; `path` without a version ("/containers/json").
  HttpAnswer request(std::string_view method, std::string_view path,
                     std::string_view json = "") const;
  // Creates and starts a container of kImage that runs `script` by sh -c; answers its id. `extra`
  // goes into the JSON of the request ("\"Labels\":{...}").
  std::string run(const std::string& name, const std::string& script,
                  const std::string& extra = "") const;
  // Waits for the container's end; answers its exit code.
  int wait(const std::string& container) const;
  void remove(const std::string& container) const;  // by force, with its volumes; or nothing

  // Only for one of the test's own.
  void stop();    // SIGTERM, and until it is gone
  void kill();    // SIGKILL, and until it is gone
  void start();   // after one of the two; until it answers
  void pause();   // SIGSTOP: it accepts connections and answers nothing
  void resume();  // SIGCONT

 private:
  struct SharedOne {};
  explicit DockerDaemon(SharedOne);
  // `settings` are NAME=value for the script that keeps it.
  void launch(const std::vector<std::string>& options, const std::vector<std::string>& settings);
  void wait_until_it_answers() const;
  void import_image() const;
  bool ended() const;
  pid_t pid() const;
  void end_by(int signal);

  std::string folder_, socket_;
  int lease_ = -1;
  pid_t keeper_ = -1;  // -1: another process's child
};

// A name that no other test process uses: STEM-xxxxxxxx.
std::string unique(const std::string& stem);

}  // namespace engine::test
