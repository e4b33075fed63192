// Real engines on one store that carry random programs and are killed or stopped at random moments;
// what the world must look like is checked for every run that ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/store/runs.h"
#include "tests/support/cli.h"
#include "tests/support/docker_daemon.h"
#include "tests/support/tortured_program.h"

namespace engine::test {

// A share (of 1) of TORTURE_SECONDS, which are few where nobody says how many.
std::chrono::milliseconds torture_time(double share);

class Torment {
 public:
  struct Wishes {
    int engines = 1;
    DockerDaemon* docker = nullptr;
    TorturedProgram::Wishes programs = {};
  };
  // With ENGINE_TEST_SEED, or a seed that is printed.
  explicit Torment(Wishes wishes);
  ~Torment();

  // Strikes for so long, at least a few times, then lets every run come to its end.
  void go_on_for(std::chrono::milliseconds time);

  Cli cli;

 private:
  struct Job {
    TorturedProgram program;
    std::string folder;
    store::RunRecord run = {};  // as it was last seen; without id: it has none yet
    std::string state = {};
    bool checked = false;
  };
  struct Worker {
    std::optional<Running> engine;
    std::string words;  // its command line, for messages
    bool struck = false;
  };

  int below(int end) { return static_cast<int>(random_() % static_cast<uint32_t>(end)); }
  void look();
  void check_store();
  void check(Job& job);
  void check_containers(const Job& job);
  void check_end(const Job& job);
  void add_job();
  void employ();
  std::vector<std::string> work_for(Job& job);
  std::string assumption(const Job& job);
  void start(Worker& worker, std::vector<std::string> words);
  void reap();
  void wait_for_a_moment();
  void strike();
  void stop_and_see(Worker& worker);
  bool all_checked() const;
  size_t activity() const;

  Wishes wishes_;
  uint32_t seed_;
  std::mt19937 random_;
  std::deque<Job> jobs_;
  std::vector<Worker> workers_;
  int kills_ = 0, stops_ = 0, doubts_ = 0;
};

}  // namespace engine::test
