// How long a clean build of the release program takes when the compiler's cache is cold.
#include "tests/bench/bench.h"
#include "tests/bench/program.h"

using namespace engine::bench;

int main() {
  const std::string folder = fresh_folder("build");
  setenv("CCACHE_DISABLE", "1", 1);
  const double seconds = seconds_of([&] {
    run_program({"cmake", "--preset", "release", "-B", folder});
    run_program({"cmake", "--build", folder, "--parallel", "2"});
  });
  alone({.name = "clean build, two cores", .unit = "s", .value_goal = 240}, seconds);
  run_program({"rm", "-rf", folder});
}
