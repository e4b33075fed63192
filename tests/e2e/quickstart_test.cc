// examples/quickstart run as a person would, on files of its own.
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/docker_daemon.h"
#include "tests/support/temporary_folder.h"

namespace {

struct Ended {
  int status = -1;
  std::string out;
};

Ended run(const std::string& command) {
  Ended ended;
  FILE* output = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(output != nullptr);
  char chunk[4096];
  while (const size_t count = fread(chunk, 1, sizeof chunk, output)) ended.out.append(chunk, count);
  const int status = pclose(output);
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

struct Quickstart {
  TemporaryFolder folder;
  std::string old_file = folder.path() + "/files/old.tmp", new_file = folder.path() + "/files/new";

  Quickstart() {
    std::filesystem::create_directories(folder.path() + "/files");
    for (const auto& file : {old_file, new_file}) std::ofstream(file) << "12345";
    const timeval long_ago[2] = {{time(nullptr) - 30 * 86400, 0}, {time(nullptr) - 30 * 86400, 0}};
    REQUIRE(utimes(old_file.c_str(), long_ago) == 0);
  }
  Ended start(const std::string& more, const std::string& docker = "unix:///nowhere") const {
    return run("DOCKER_HOST=" + docker + " " + ENGINE_BINARY + " --state-dir " + folder.path() +
               "/state run " + SOURCE_DIR + "/examples/quickstart/quickstart.lua --folder " +
               folder.path() + "/files " + more);
  }
};

}  // namespace

TEST_CASE_METHOD(Quickstart, "quickstart clears old files and says how the machine is",
                 "[quickstart]") {
  const Ended ended = start("");
  INFO(ended.out);
  CHECK(ended.status == 0);
  CHECK(ended.out.find("removed 1 file older than") != std::string::npos);
  CHECK(ended.out.find("busiest processes") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(old_file));
  CHECK(std::filesystem::exists(new_file));
}

TEST_CASE_METHOD(Quickstart, "a dry run of quickstart removes nothing", "[quickstart]") {
  const Ended ended = start("--dry-run");
  INFO(ended.out);
  CHECK(ended.status == 0);
  CHECK(ended.out.find("fs.remove") != std::string::npos);
  CHECK(std::filesystem::exists(old_file));
}

TEST_CASE_METHOD(Quickstart, "quickstart only counts when it shall not clean", "[quickstart]") {
  const Ended ended = start("--no-clean -o json");
  INFO(ended.out);
  CHECK(ended.status == 0);
  CHECK(ended.out.find("\"old_files\":1") != std::string::npos);
  CHECK(ended.out.find("\"removed\":0") != std::string::npos);
  CHECK(std::filesystem::exists(old_file));
}

TEST_CASE_METHOD(Quickstart, "quickstart says that no Docker daemon answers and goes on",
                 "[quickstart]") {
  const Ended ended = start("");
  INFO(ended.out);
  CHECK(ended.status == 0);
  CHECK(ended.out.find("no Docker daemon answers: ") != std::string::npos);
}

TEST_CASE_METHOD(Quickstart, "quickstart says in words that a Docker daemon hangs",
                 "[quickstart]") {
  const std::string socket = folder.path() + "/hung.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(fd, 8) == 0);
  const Ended ended = start("", "unix://" + socket + " ENGINE_PLUGINS_DOCKER_TIMEOUT=300ms");
  close(fd);
  INFO(ended.out);
  CHECK(ended.status == 0);
  CHECK(ended.out.find("no Docker daemon answers: one is there, but it hangs") !=
        std::string::npos);
}

TEST_CASE_METHOD(Quickstart, "quickstart shows containers where a Docker daemon answers",
                 "[quickstart][docker]") {
  using engine::test::DockerDaemon;
  if (!DockerDaemon::possible()) return;
  const DockerDaemon& docker = DockerDaemon::shared();
  const std::string name = engine::test::unique("quick");
  docker.run(name, "exit 0");
  const Ended ended = start("", docker.docker_host());
  docker.remove(name);
  INFO(ended.out);
  CHECK(ended.status == 0);
  CHECK(ended.out.find("  Docker ") != std::string::npos);
  CHECK(ended.out.find(name.substr(0, 20)) != std::string::npos);
}
