// How fast a large process starts small ones: our Process beside a bare posix_spawn, with 1 GiB
// resident here.
#include <functional>
#include <memory>
#include <vector>

#include "engine/loop/loop.h"
#include "engine/loop/process.h"
#include "tests/bench/bench.h"
#include "tests/bench/program.h"

using namespace engine;
using namespace engine::bench;

namespace {

constexpr size_t kResidentBytes = size_t{1} << 30;
constexpr int kSpawns = 200;  // in each half of a pair

double ours_each_second() {
  Loop loop;
  int left = kSpawns;
  std::unique_ptr<Process> process;
  std::function<void()> next = [&] {
    process = Process::start(loop, {.argv = {"/bin/true"}, .env = {"PATH=/usr/bin:/bin"}},
                             [&](Result<ProcessExit> exit) {
                               if (!exit || exit->status != 0) std::abort();
                               if (--left > 0) loop.defer([&] { next(); });
                             });
  };
  loop.defer([&] { next(); });
  const double seconds = seconds_of([&] { loop.run(); });
  if (left != 0) std::abort();
  process.reset();
  return kSpawns / seconds;
}

double bare_each_second() {
  return kSpawns / seconds_of([] {
           for (int i = 0; i < kSpawns; ++i) run_program({"/bin/true"});
         });
}

}  // namespace

int main() {
  const std::vector<char> resident(kResidentBytes, 1);
  compare({.name = "process.exec with 1 GiB resident",
           .unit = "/s",
           .peer = "bare posix_spawn",
           .better = Better::higher,
           .ratio_goal = 0.5},
          ours_each_second, bare_each_second);
  return resident[kResidentBytes / 2] - 1;
}
