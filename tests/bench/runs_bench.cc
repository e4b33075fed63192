// What the one road costs: reads and changes of many runs and of one, and what an endless loop does
// to the others.
#include "tests/bench/bare_sqlite.h"
#include "tests/bench/bench.h"
#include "tests/bench/house.h"
#include "tests/bench/program.h"

using namespace engine::bench;

namespace {

constexpr int kRuns = 64;
constexpr int kReads = 2000;   // of each run
constexpr int kChanges = 500;  // of each run
constexpr int kLoneChanges = 2000;
constexpr int kSteps = 10;
constexpr int kShortRuns = 4000;
constexpr int kGroups = 400;  // of 100 rows, bare

std::string folder;
int used = 0;

std::string fresh(const char* name) {
  const std::string made = folder + "/" + name + std::to_string(++used);
  run_program({"mkdir", "-p", made});
  return made;
}

std::string loop_of(const char* operation, int times) {
  return "for i = 1, " + std::to_string(times) + " do " + operation + " {} end";
}

double calls_each_second(const char* operation, int times) {
  House house(fresh("many"));
  const double seconds = seconds_of([&] {
    house.start(loop_of(operation, times), kRuns);
    house.until_ended(kRuns);
  });
  return kRuns * times / seconds;
}

double bare_rows_each_second() {
  BareSqlite bare(fresh("bare") + "/bare.db");
  return 100 * kGroups / seconds_of([&] {
           for (int i = 0; i < kGroups; ++i) bare.commit_group(100);
         });
}

double lone_change_us() {
  House house(fresh("lone"));
  house.start(loop_of("bench.item.touch", kLoneChanges), 1);
  house.until_ended(1);
  return house.median_gap_us();
}

double bare_commit_us() {
  BareSqlite bare(fresh("bare") + "/bare.db");
  std::vector<double> each;
  for (int i = 0; i < kLoneChanges; ++i) {
    each.push_back(1e6 * seconds_of([&] { bare.commit_group(1); }));
  }
  return median(each);
}

double replay_ms() {
  const char* body = "for i = 1, 500 do bench.item.look {} bench.item.touch {} end";
  std::vector<double> times;
  for (int i = 0; i < kPairs; ++i)
    times.push_back(1e3 * House(fresh("replay")).replay_seconds(body));
  return median(times);
}

struct Short {  // runs of ten steps, 64 side by side
  double runs_each_second = 0;
  double cpu_us_of_step = 0;
  double p99_ms = 0;  // from a step to the next
};

Short short_runs(const char* operation) {
  House house(fresh("short"));
  const double cpu = cpu_seconds();
  const double seconds = seconds_of([&] {
    house.start_in_turn(loop_of(operation, kSteps), kShortRuns, kRuns);
    house.until_ended(kShortRuns);
  });
  return {kShortRuns / seconds, 1e6 * (cpu_seconds() - cpu) / (kShortRuns * kSteps),
          house.p99_gap_ms()};
}

double read_latency_us(bool beside_a_loop) {
  House house(fresh("beside"));
  if (beside_a_loop) house.start("while true do end", 1);
  house.start(loop_of("bench.item.look", kReads), kRuns - 1);
  house.until_ended(kRuns - 1);
  const double latency = house.median_gap_us();
  if (beside_a_loop) {
    house.kill_all();
    house.until_ended(kRuns);
  }
  return latency;
}

void measure_short_runs() {
  std::vector<double> changes, reads, cpu, p99;
  for (int i = 0; i < kPairs; ++i) {
    const Short change = short_runs("bench.item.touch");
    changes.push_back(change.runs_each_second);
    cpu.push_back(change.cpu_us_of_step);
    p99.push_back(change.p99_ms);
    reads.push_back(short_runs("bench.item.look").runs_each_second);
  }
  alone({.name = "10-step runs of changes, FULL, 64 in parallel",
         .unit = "runs/s",
         .better = Better::higher,
         .value_goal = 8'000},
        median(changes));
  alone({.name = "CPU of a step of those", .unit = "us", .value_goal = 12}, median(cpu));
  alone({.name = "a step of those, p99", .unit = "ms", .value_goal = 3}, median(p99));
  alone({.name = "10-step runs of reads, 64 in parallel",
         .unit = "runs/s",
         .better = Better::higher,
         .value_goal = 12'000},
        median(reads));
}

}  // namespace

int main() {
  folder = fresh_folder("runs");
  std::vector<double> reads;
  for (int i = 0; i < kPairs; ++i) reads.push_back(calls_each_second("bench.item.look", kReads));
  alone({.name = "journaled reads, 64 runs",
         .unit = "/s",
         .better = Better::higher,
         .value_goal = 200'000},
        median(reads));
  compare(
      {.name = "changes, FULL, 64 runs",
       .unit = "/s",
       .peer = "SQLite FULL, groups of 100",
       .better = Better::higher,
       .ratio_goal = 0.15,
       .value_goal = 60'000},
      [] { return calls_each_second("bench.item.touch", kChanges); }, bare_rows_each_second);
  compare({.name = "changes of one run alone, p50",
           .unit = "us",
           .peer = "one bare FULL commit, p50",
           .ratio_goal = 1.6},
          lone_change_us, bare_commit_us);
  compare(
      {.name = "reads of 63 runs beside an endless loop, p50",
       .unit = "us",
       .peer = "without the loop",
       .ratio_goal = 2},
      [] { return read_latency_us(true); }, [] { return read_latency_us(false); });
  measure_short_runs();
  alone({.name = "replay of a run of 1,000 operations", .unit = "ms", .value_goal = 20},
        replay_ms());
  run_program({"rm", "-rf", folder});
}
