// A store under full load: how long its write-ahead log gets, and what two processes leave each
// other of it.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "tests/bench/bench.h"
#include "tests/bench/house.h"
#include "tests/bench/program.h"

using namespace engine::bench;

namespace {

constexpr int kRuns = 64;
constexpr int kWithoutEnd = 1'000'000'000;
constexpr double kSeconds = 4;
constexpr double kMiB = 1024.0 * 1024;
constexpr const char* kBody = "for i = 1, 10 do bench.item.touch {} end";
// As many, but with more to say: a log grows by what is written.
constexpr const char* kWordy =
    "for i = 1, 10 do bench.item.touch {} log.info(string.rep('x', 2000)) end";

// The longest that a file got.
class Watched {
 public:
  explicit Watched(std::string file)
      : thread_([this, file = std::move(file)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            std::error_code missing;
            const auto bytes = std::filesystem::file_size(file, missing);
            if (!missing) most_ = std::max<double>(most_, static_cast<double>(bytes));
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          }
        }) {}
  double mib() {
    thread_ = {};
    return most_ / kMiB;
  }

 private:
  double most_ = 0;
  std::jthread thread_;
};

struct Load {
  double runs_each_second = 0;
  double p99_ms = 0;  // from a step to the next
};

Load load(const std::string& folder, const char* body) {
  House house(folder);
  house.start_in_turn(body, kWithoutEnd, kRuns);
  const double seconds = seconds_of([&] {
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(kSeconds);
    house.until([&] { return std::chrono::steady_clock::now() > until; });
  });
  return {house.ended() / seconds, house.p99_gap_ms()};
}

// Of as many processes at once, each one's own.
std::vector<Load> loads(const std::string& folder, int processes) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  for (int i = 0; i < processes; ++i) {
    if (fork() != 0) continue;
    const Load found = load(folder, kBody);
    _exit(write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
  }
  std::vector<Load> found(static_cast<size_t>(processes));
  for (Load& each : found) {
    if (read(ends[0], &each, sizeof each) != sizeof each) std::exit(1);
  }
  for (int i = 0; i < processes; ++i) wait(nullptr);
  close(ends[0]);
  close(ends[1]);
  return found;
}

void measure_log(const std::string& folder) {
  run_program({"mkdir", "-p", folder});
  Watched log(folder + "/engine.db-wal");
  const Load found = load(folder, kWordy);
  alone({.name = "write-ahead log under full load", .unit = "MiB", .value_goal = 64}, log.mib());
  alone({.name = "a step meanwhile, p99", .unit = "ms", .value_goal = 10}, found.p99_ms);
}

void measure_two(const std::string& folder) {
  std::vector<double> shares, p99;
  for (int i = 0; i < 3; ++i) {
    const std::string own = folder + "/two" + std::to_string(i);
    run_program({"mkdir", "-p", own + "/alone", own + "/both"});
    const double whole = loads(own + "/alone", 1)[0].runs_each_second;
    const std::vector<Load> both = loads(own + "/both", 2);
    shares.push_back(std::min(both[0].runs_each_second, both[1].runs_each_second) / whole);
    p99.push_back(std::max(both[0].p99_ms, both[1].p99_ms));
  }
  alone({.name = "10-step runs of the slower of two processes on one store, to one alone",
         .unit = "x",
         .better = Better::higher,
         .value_goal = 1.0 / 3},
        median(shares));
  alone({.name = "a step of theirs, p99", .unit = "ms", .value_goal = 20}, median(p99));
}

}  // namespace

int main() {
  const std::string folder = fresh_folder("load");
  measure_two(folder);  // forks, and so comes before any thread of this process
  measure_log(folder + "/log");
  run_program({"rm", "-rf", folder});
}
