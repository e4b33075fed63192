// Parked runs in the store: by which clock each is due.
#include "engine/store/parked.h"
#include "engine/store/runs.h"
#include "engine/store/schema.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using namespace engine::store;

namespace {

constexpr int64_t kHour = 3'600'000;

struct SetClock : Clock {
  int64_t wall = 1'700'000'000'000;
  int64_t boot = 50'000;
  std::string id = "first";
  int64_t wall_ms() const override { return wall; }
  int64_t boot_ns() const override { return boot * 1'000'000; }
  std::string boot_id() const override { return id; }
  void pass(int64_t ms) { wall += ms, boot += ms; }
};

struct Lot {
  Lot() {
    Result<Database> opened =
        Database::open(folder.path() + "/engine.db", Database::Access::create);
    REQUIRE(opened);
    db.emplace(std::move(*opened));
    Result<LockFile> locks = LockFile::open(folder.path() + "/engine.lock", true);
    REQUIRE(locks);
    REQUIRE(prepare_schema(*db, *locks, "engine.db"));
  }
  void park(const std::string& id, std::optional<int64_t> in_ms,
            std::optional<int64_t> at_wall = std::nullopt) {
    NewRun run;
    run.id = id;
    run.runbook = "r";
    const Result<int64_t> key = insert_run(*db, run, 1);
    REQUIRE(key);
    Parking parking;
    parking.run = id;
    if (in_ms) parking.due_boot_ms = clock.boot + *in_ms;
    parking.due_wall_ms = at_wall;
    parking.clocks = {clock.boot_key(), clock.ahead_ms()};
    REQUIRE(park_run(*db, *key, 0, parking, clock));
  }
  std::vector<std::string> due() { return *due_runs(*db, clock, 100); }
  std::optional<int64_t> left() { return *until_due(*db, clock); }

  TemporaryFolder folder;
  SetClock clock;
  std::optional<Database> db;
};

}  // namespace

TEST_CASE("parked runs are due in order and the next one sets the timer") {
  Lot lot;
  CHECK(lot.left() == std::nullopt);
  lot.park("late", 2 * kHour);
  lot.park("soon", kHour);
  lot.park("mail", std::nullopt);
  CHECK(lot.due().empty());
  CHECK(lot.left() == kHour);
  lot.clock.pass(3 * kHour);
  CHECK(lot.due() == std::vector<std::string>{"soon", "late"});
  CHECK(lot.left() == 0);
}

TEST_CASE("a duration does not follow a step of the wall clock") {
  Lot lot;
  lot.park("a", kHour);
  lot.clock.wall += 5 * kHour;
  CHECK(lot.due().empty());
  lot.clock.wall -= 10 * kHour;
  CHECK(lot.left() == kHour);
  lot.clock.pass(kHour);
  CHECK(lot.due() == std::vector<std::string>{"a"});
  const RunRecord run = *find_run(*lot.db, "a");
  CHECK(stepped_since(run.clocks, lot.clock) == -5 * kHour);
}

TEST_CASE("a time of day follows the wall clock") {
  Lot lot;
  lot.park("a", 10 * kHour, lot.clock.wall + kHour);
  CHECK(lot.left() == kHour);
  lot.clock.wall += kHour;
  CHECK(lot.due() == std::vector<std::string>{"a"});
}

TEST_CASE("after a start of the machine the wall clock tells what has passed") {
  Lot lot;
  lot.park("a", kHour);
  lot.clock.id = "second";
  lot.clock.boot = 1'000;
  lot.clock.wall += kHour / 2;
  CHECK(lot.left() == kHour / 2);
  lot.park("b", kHour);
  lot.clock.pass(kHour / 2);
  CHECK(lot.due() == std::vector<std::string>{"a"});
  const RunRecord run = *find_run(*lot.db, "a");
  CHECK(stepped_since(run.clocks, lot.clock) == 0);
}

TEST_CASE("a parked run that gets mail is due at once") {
  Lot lot;
  lot.park("a", std::nullopt);
  lot.park("b", kHour);
  REQUIRE(wake_run(*lot.db, "a"));
  CHECK(lot.due() == std::vector<std::string>{"a"});
  CHECK(lot.left() == 0);
}
