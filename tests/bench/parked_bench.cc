// A million runs that wait: what they hold in memory, what one more costs, how soon an engine is
// ready after it was killed, and how quickly many that are due at once have ended.
#include <csignal>
#include <fstream>

#include "engine/store/parked.h"
#include "tests/bench/bench.h"
#include "tests/bench/house.h"
#include "tests/bench/program.h"

using namespace engine;
using namespace engine::bench;

namespace {

constexpr int64_t kMany = 1'000'000;
constexpr int kFirst = 1000;  // that are really started
constexpr int kDue = 100'000;
constexpr const char* kBody = "sleep '90d'";
constexpr runs::ParkingOptions kParking{.after = Millis(0), .in_memory = 256};

double pss_bytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Pss:")) return std::stod(line.substr(4)) * 1024;
  }
  return 0;
}

// As if that many more had been started and parked: copies of those that were.
void multiply(House& house) {
  house.change([](store::Database& db) {
    const std::string copy =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
        std::to_string(kMany - kFirst) +
        ") INSERT INTO run(id, runbook, file, state, principal, trigger, params, dry_run, attempt,"
        " owner, created_at, started_at, sources, tail, due, clock, ahead)"
        " SELECT 'zz' || lower(hex(randomblob(12))), runbook, file, state, principal, trigger,"
        " params, dry_run, attempt, owner, created_at, started_at, sources, 1000000000 + i, due + "
        "i,"
        " clock, ahead FROM n, run WHERE run.key = 1 + n.i % " +
        std::to_string(kFirst);
    Result<void> done = db.exec(copy.c_str());
    if (!done) return done;
    return db.exec(
        "INSERT INTO journal(id, run, prev, entries)"
        " SELECT r.tail, r.key, 0, (SELECT entries FROM journal WHERE id = (SELECT tail FROM run"
        " WHERE key = 1)) FROM run r WHERE r.tail >= 1000000000");
  });
}

double seconds_to_add(House& house) {
  return seconds_of([&] { house.park(kBody, kFirst); });
}

struct Filled {
  double first_s = 0, last_s = 0, worst_turn_ms = 0;
};

Filled fill(const std::string& folder) {
  Filled found;
  House house(folder, kParking);
  found.first_s = seconds_to_add(house);
  multiply(house);
  house.worst_turn_ms();
  found.last_s = seconds_to_add(house);
  found.worst_turn_ms = house.worst_turn_ms();
  return found;
}

// In a process of its own, which is killed with everything in place.
template <class Found>
Found in_child(const std::function<Found()>& work) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    const Found found = work();
    if (write(ends[1], &found, sizeof found) != sizeof found) _exit(1);
    raise(SIGKILL);
  }
  close(ends[1]);
  Found found;
  if (read(ends[0], &found, sizeof found) != sizeof found) std::exit(1);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  return found;
}

// Of a process that has looked after the waiting runs of its store for a while.
double idle_bytes(const std::string& folder) {
  return in_child<double>([&] {
    House house(folder, kParking);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    house.until([&] { return std::chrono::steady_clock::now() > until; });
    return pss_bytes();
  });
}

}  // namespace

int main() {
  const std::string folder = fresh_folder("parked");
  const std::string few = folder + "/few";
  run_program({"mkdir", few});
  in_child<bool>([&] {
    House(few, kParking).park(kBody, kFirst);
    return true;
  });
  const Filled filled = in_child<Filled>([&] { return fill(folder); });
  alone({.name = "memory of a waiting run, of 1,000,000", .unit = "bytes", .value_goal = 64},
        (idle_bytes(folder) - idle_bytes(few)) / kMany);
  alone({.name = "1,000 more waiting runs beside 1,000,000, to the first 1,000",
         .unit = "x",
         .value_goal = 1.5},
        filled.last_s / filled.first_s);
  std::unique_ptr<House> house;
  const double ready = seconds_of([&] {
    house = std::make_unique<House>(folder, kParking);
    house->until([] { return true; });
  });
  alone(
      {.name = "from kill -9 with 1,000,000 waiting runs to ready", .unit = "s", .value_goal = 0.3},
      ready);
  house->worst_turn_ms();
  house->change([](store::Database& db) {
    return db.exec(("UPDATE run SET due = 0, started_at = started_at - 8000000000 WHERE key IN"
                    " (SELECT key FROM run WHERE state = 'waiting' ORDER BY key LIMIT " +
                    std::to_string(kDue) + ")")
                       .c_str());
  });
  house->worst_turn_ms();
  const double all = seconds_of([&] {
    house->until([&] {
      return house->idle() && store::due_runs(house->database(), system_clock(), 1)->empty();
    });
    house->change([](store::Database&) { return Result<void>(); });  // behind them all
  });
  alone({.name = "100,000 waiting runs due at once, all ended", .unit = "s", .value_goal = 4}, all);
  alone({.name = "longest turn of the loop meanwhile", .unit = "ms", .value_goal = 10},
        std::max(house->worst_turn_ms(), filled.worst_turn_ms));
  house.reset();
  run_program({"rm", "-rf", folder});
}
