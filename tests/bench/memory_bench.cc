// What the engine holds in memory when a thousand runbooks are loaded: its proportional set size.
#include <fstream>
#include <memory>
#include <vector>

#include "engine/runs/library.h"
#include "tests/bench/bench.h"
#include "tests/bench/house.h"
#include "tests/bench/program.h"

using namespace engine;
using namespace engine::bench;

namespace {

constexpr int kRunbooks = 1000;

double pss_mib() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Pss:")) return std::stod(line.substr(4)) / 1024;
  }
  return 0;
}

void write_runbooks(const std::string& folder) {
  for (int i = 0; i < kRunbooks; ++i) {
    std::ofstream(folder + "/runbook" + std::to_string(i) + ".lua")
        << "--- Looks at the host.\nreturn runbook {\n  summary = \"Runbook " << i << "\",\n"
        << "  params = { { \"name\", \"string\", \"Whose\", \"nobody\" } },\n  allow = { "
           "\"fs:change\" },\n"
        << "  run = function(ctx)\n    return step(\"Look\", function() return host.load.get {} "
           "end)\n  end,\n}\n";
  }
}

}  // namespace

int main() {
  const std::string folder = fresh_folder("memory");
  write_runbooks(folder);
  House house(folder);
  const runs::Library library({folder}, {});
  std::vector<runs::Source> loaded;
  for (const runs::Source& found : library.list()) {
    if (auto source = library.runbook(found.name)) loaded.push_back(std::move(*source));
  }
  if (loaded.size() != kRunbooks) return 1;
  alone({.name = "memory with 1,000 runbooks loaded", .unit = "MiB PSS", .value_goal = 12},
        pss_mib());
  run_program({"rm", "-rf", folder});
}
