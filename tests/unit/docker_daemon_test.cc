// The private dockerd itself: what tests rely on when they ask it, stop it, and leave it.
#include "tests/support/docker_daemon.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/catch.h"

using engine::test::DockerDaemon;
using engine::test::unique;

TEST_CASE("the shared dockerd runs containers and tells their exit codes", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& docker = DockerDaemon::shared();
  const std::string name = unique("exit");
  docker.run(name, "echo said; exit 7");

  CHECK(docker.wait(name) == 7);
  const auto logs = docker.request("GET", "/containers/" + name + "/logs?stdout=1");
  CHECK(logs.body.find("said") != std::string::npos);
  docker.remove(name);
  CHECK(docker.request("GET", "/containers/" + name + "/json").status == 404);
}

TEST_CASE("a dockerd of the test's own is killed and comes back with its containers", "[docker]") {
  if (!DockerDaemon::possible()) return;
  DockerDaemon docker;
  docker.run("kept", "trap exit TERM; while :; do sleep 0.1; done");

  docker.kill();
  CHECK(docker.request("GET", "/_ping").status == 0);
  docker.start();
  CHECK(docker.request("GET", "/containers/kept/json").status == 200);
  docker.stop();
  CHECK(docker.request("GET", "/_ping").status == 0);
  docker.start();
  CHECK(docker.request("GET", "/containers/kept/json").status == 200);
}

TEST_CASE("a test that is killed leaves nothing of its dockerd behind", "[docker]") {
  if (!DockerDaemon::possible()) return;
  int said[2];
  REQUIRE(pipe(said) == 0);
  const pid_t test = fork();
  if (test == 0) {
    setpgid(0, 0);
    const DockerDaemon docker;
    docker.run("host", "sleep 1000", "\"HostConfig\":{\"NetworkMode\":\"host\"}");
    docker.run("paused", "sleep 1000");
    docker.request("POST", "/containers/paused/pause");
    const std::string folder = docker.folder();
    if (write(said[1], folder.data(), folder.size()) < 0) _exit(1);
    ::pause();
  }
  char text[200];
  const ssize_t count = read(said[0], text, sizeof text);
  REQUIRE(count > 0);
  const std::string folder(text, static_cast<size_t>(count));

  kill(test, SIGKILL);
  waitpid(test, nullptr, 0);

  // Each of these is waited for: a test that waits for ever has failed.
  const std::string processes = "grep -lzae " + folder.substr(0, folder.size() - 1) + "'[" +
                                folder.back() + "]' /proc/[0-9]*/cmdline 2>/dev/null | grep -q .";
  const std::string mounts = "grep -qF " + folder + " /proc/self/mountinfo";
  const std::string groups = "find /sys/fs/cgroup -name " + folder.substr(5) + " | grep -q .";
  while (std::filesystem::exists(folder)) usleep(10000);
  for (const std::string& left : {processes, mounts, groups}) {
    while (system(left.c_str()) == 0) usleep(10000);
  }
  close(said[0]);
  close(said[1]);
}
