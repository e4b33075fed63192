// How long one use of the program takes: an empty runbook, the whole process, durably recorded.
#include <fstream>

#include "tests/bench/bench.h"
#include "tests/bench/program.h"

using namespace engine::bench;

namespace {

constexpr int kStarts = 30;  // in each half of a pair

double milliseconds_each(const std::vector<std::string>& argv) {
  return 1000 / double{kStarts} * seconds_of([&] {
           for (int i = 0; i < kStarts; ++i) run_program(argv);
         });
}

}  // namespace

int main() {
  const std::string folder = fresh_folder("start");
  const std::string runbook = folder + "/empty.lua";
  std::ofstream(runbook) << "return runbook { summary = \"Nothing\", run = function() end }\n";
  const std::vector<std::string> ours = {"build/release/engine", "run", runbook, "--quiet",
                                         "--state-dir",          folder};
  run_program(ours);

  compare(
      {.name = "engine run, empty runbook", .unit = "ms", .peer = "bash -c :", .ratio_goal = 5},
      [&] { return milliseconds_each(ours); },
      [] {
        return milliseconds_each({"bash", "-c", ":"});
      });
  run_program({"rm", "-rf", folder});
}
