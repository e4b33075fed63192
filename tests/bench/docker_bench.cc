// What Docker costs through the engine: calls from Lua to a real daemon beside bare libcurl and the
// docker client, a large log, the memory of a connected program, and the size of it all.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "tests/bench/bare_curl.h"
#include "tests/bench/docker_server.h"
#include "tests/bench/program.h"
#include "tests/support/docker_daemon.h"

using namespace engine;
using namespace engine::bench;

namespace {

constexpr const char* kEngine = "build/release/engine";
constexpr const char* kList = "/containers/json?all=1";
constexpr int kClients = 10;  // docker processes in each half of a pair

// `{calls}` lists from one run, one after the other.
constexpr const char* kLists = R"(return runbook {
  summary = "Lists containers.",
  params = { { "calls", "integer", "How often" } },
  run = function(ctx)
    local count = 0
    for _ = 1, ctx.params.calls do count = count + #docker.container.list { all = true } end
    return count
  end,
})";

constexpr const char* kLog = R"(return runbook {
  summary = "Reads a log.",
  params = { { "read", "boolean", "Reads it" } },
  run = function(ctx)
    docker.container.list {}
    if not ctx.params.read then return 0 end
    local log = docker.container.logs { container = "logged", limit = "1MiB" }
    return #log.stdout
  end,
})";

constexpr const char* kWaits = R"(return runbook {
  summary = "Stays connected.",
  run = function()
    while true do
      docker.container.list {}
      sleep "20ms"
    end
  end,
})";

struct Bench {
  std::string folder = fresh_folder("docker");
  std::string lists = write("lists.lua", kLists), log = write("log.lua", kLog),
              waits = write("waits.lua", kWaits);

  std::string write(const std::string& name, const char* text) const {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  }
  std::vector<std::string> engine(const std::string& runbook,
                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> line = {kEngine,   "run",         runbook,
                                     "--quiet", "--state-dir", folder + "/state"};
    line.insert(line.end(), more.begin(), more.end());
    return line;
  }
  double seconds_of_lists(int calls) const {
    return seconds_of([&] { run_program(engine(lists, {"--calls", std::to_string(calls)})); });
  }
  // Of one call: what the process takes beyond one that calls once.
  double each_us(int calls) const {
    const double once = seconds_of_lists(1);
    return 1e6 * (seconds_of_lists(calls + 1) - once) / calls;
  }
};

void use(const std::string& socket) {
  setenv("DOCKER_HOST", ("unix://" + std::filesystem::absolute(socket).string()).c_str(), 1);
}

// Containers that were created and never started: the daemon answers the same each time.
void create(const test::DockerDaemon& daemon, int containers) {
  for (int i = 0; i < containers; ++i) {
    const std::string number = std::to_string(100 + i);
    const auto made = daemon.request(
        "POST", "/containers/create?name=workspace-" + number,
        R"({"Image":")" + std::string(test::DockerDaemon::kImage) +
            R"(","Cmd":["sh","-c","trap 'exit 0' TERM; while :; do sleep 1; done"],"Labels":)" +
            R"({"boulder.workspace":"w)" + number + R"(","boulder.owner":"ada"}})");
    if (made.status != 201) std::exit(1);
  }
}

bool has_docker_client() { return std::system("docker --version >/dev/null 2>&1") == 0; }

double docker_ps_us() {
  return 1e6 / kClients * seconds_of([] {
           for (int i = 0; i < kClients; ++i) run_program({"docker", "ps", "--all"});
         });
}

// What nothing over libcurl can beat stands beside ours.
void lists(const Bench& bench, const test::DockerDaemon& daemon, int containers, int calls,
           double goal) {
  const std::string with = ", " + std::to_string(containers) + " containers";
  const size_t bytes = daemon.request("GET", kList).body.size();
  const auto ours = [&] { return bench.each_us(calls); };
  const auto bare = [&] {
    return BareCurl::each_us(daemon.socket(), std::string("http://local/v1.41") + kList, bytes,
                             calls);
  };
  const std::string name = "docker.container.list from Lua" + with;
  constexpr const char* kBare = "bare libcurl multi on libuv";
  ours();
  compare({.name = name, .unit = "us", .peer = kBare, .ratio_goal = goal}, ours, bare);
  if (!has_docker_client()) return;
  constexpr const char* kClient = "docker ps process";
  compare({.name = name, .unit = "us", .peer = kClient, .ratio_goal = 0.01}, ours, docker_ps_us, 3);
  compare({.name = kBare + with, .unit = "us", .peer = kClient}, bare, docker_ps_us, 3);
}

void ten_calls(const Bench& bench) {
  if (!has_docker_client()) {
    std::printf("docker: no docker client on this machine, nothing to compare with\n");
    return;
  }
  compare(
      {.name = "ten Docker calls in one engine run",
       .unit = "ms",
       .peer = "ten docker processes",
       .ratio_goal = 0.1},
      [&] { return 1000 * bench.seconds_of_lists(10); },
      [] {
        return 1000 * seconds_of([] {
                 for (int i = 0; i < 10; ++i) run_program({"docker", "ps", "--all"});
               });
      });
}

// The greatest resident set that a program had, in MiB.
double peak_mib(const std::vector<std::string>& argv) {
  const pid_t pid = start_program(argv);
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  if (status != 0) std::exit(1);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void large_log(const Bench& bench) {
  std::vector<double> above;
  for (int i = 0; i < kPairs; ++i) {
    const double idle = peak_mib(bench.engine(bench.log, {"--no-read"}));
    above.push_back(peak_mib(bench.engine(bench.log, {"--read"})) - idle);
  }
  alone({.name = "docker.container.logs, 1 MiB of 100: above idle", .unit = "MiB", .value_goal = 8},
        median(above));
}

double pss_mib(pid_t pid) {
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Pss:")) return std::stod(line.substr(4)) / 1024;
  }
  return 0;
}

void connected_memory(const Bench& bench, const DockerServer& server) {
  const int before = server.lists_served();
  const pid_t pid = start_program(bench.engine(bench.waits));
  while (server.lists_served() < before + 20) usleep(10'000);
  alone({.name = "memory with the Docker plugin connected", .unit = "MiB PSS", .value_goal = 16},
        pss_mib(pid));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

void size_of_all(const Bench& bench) {
  namespace fs = std::filesystem;
  double bytes = 0;
  const auto add = [&](const fs::path& file) {
    const std::string copy = bench.folder + "/stripped";
    run_program({"strip", "-o", copy, file.string()});
    bytes += static_cast<double>(fs::file_size(copy));
  };
  add(kEngine);
  for (const auto& folder : fs::directory_iterator("build/release/plugins")) {
    if (!folder.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(folder.path())) {
      if (file.path().extension() == ".so") add(file.path());
    }
  }
  alone({.name = "program and all plugins, stripped", .unit = "MB", .value_goal = 4}, bytes / 1e6);
}

}  // namespace

int main() {
  const Bench bench;
  if (test::DockerDaemon::possible()) {
    const test::DockerDaemon daemon;
    use(daemon.socket());
    lists(bench, daemon, 0, 2000, 1.3);
    ten_calls(bench);
    create(daemon, 50);
    lists(bench, daemon, 50, 300, 1.6);
  }
  const DockerServer server(bench.folder + "/docker.sock");
  use(server.path());
  large_log(bench);
  connected_memory(bench, server);
  size_of_all(bench);
  run_program({"rm", "-rf", bench.folder});
}
