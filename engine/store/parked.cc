// A run's `due` is in the time of its `clock`: 0 is the wall clock, any other a start of the
// machine, whose row says how far the wall clock was ahead of it when that was last seen.
#include "engine/store/parked.h"

#include <algorithm>

namespace engine::store {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int64_t kWall = 0;
constexpr int64_t kStepMin = 1000;  // less is no step: clocks are slewed

int64_t boot_ms(const Clock& clock) { return clock.boot_ns() / kNanosPerMilli; }

Result<void> note_boot(Database& db, int64_t key, const Clock& clock) {
  Result<Statement> query = db.prepare(
      "INSERT INTO boot(clock, ahead) VALUES(?1, ?2) ON CONFLICT(clock) DO UPDATE SET ahead = ?2"
      " WHERE abs(ahead - ?2) > ?3");
  if (!query) return fail(query.error());
  return query->bind(key, clock.ahead_ms(), kStepMin).run();
}

struct Time {
  int64_t clock = kWall;
  int64_t now = 0;
};

// What each clock shows that runs may be due by.
Result<std::vector<Time>> times(Database& db, const Clock& clock) {
  std::vector<Time> found{{kWall, clock.wall_ms()}};
  Result<Statement> query = db.prepare("SELECT clock, ahead FROM boot");
  if (!query) return fail(query.error());
  const int64_t ours = clock.boot_key();
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return found;
    const bool present = query->integer(0) == ours;
    found.push_back(
        {query->integer(0), present ? boot_ms(clock) : clock.wall_ms() - query->integer(1)});
  }
}

}  // namespace

Result<void> park_run(Database& db, int64_t key, int64_t tail, const Parking& parking,
                      const Clock& clock) {
  if (Result<void> noted = note_boot(db, parking.clocks.boot, clock); !noted) return noted;
  const bool by_wall =
      parking.due_wall_ms &&
      (!parking.due_boot_ms || *parking.due_wall_ms - clock.ahead_ms() < *parking.due_boot_ms);
  Result<Statement> query = db.prepare(
      "UPDATE run SET state = 'waiting', owner = 0, tail = ?2, clock = ?3, due ="
      " CASE WHEN EXISTS(SELECT 1 FROM mail WHERE run = ?5 AND id > ?6) THEN 0 ELSE ?4 END,"
      " boot = ?7, ahead = ?8 WHERE key = ?1");
  if (!query) return fail(query.error());
  return query
      ->bind(key, tail, by_wall ? kWall : parking.clocks.boot,
             by_wall ? parking.due_wall_ms : parking.due_boot_ms, parking.run, parking.last_mail,
             parking.clocks.boot, parking.clocks.ahead_ms)
      .run();
}

Result<void> leave_run(Database& db, int64_t key) {
  Result<Statement> query =
      db.prepare("UPDATE run SET state = 'waiting', clock = ?2, due = 0 WHERE key = ?1");
  if (!query) return fail(query.error());
  return query->bind(key, kWall).run();
}

Result<void> wake_run(Database& db, std::string_view run) {
  Result<Statement> query = db.prepare("UPDATE run SET due = 0 WHERE id = ? AND state = 'waiting'");
  if (!query) return fail(query.error());
  return query->bind(run).run();
}

Result<std::vector<std::string>> due_runs(Database& db, const Clock& clock, int limit) {
  Result<std::vector<Time>> clocks = times(db, clock);
  if (!clocks) return fail(clocks.error());
  std::vector<std::string> found;
  for (const Time& time : *clocks) {
    Result<Statement> query = db.prepare(
        "SELECT id FROM run WHERE state = 'waiting' AND clock = ? AND due <= ?"
        " ORDER BY due LIMIT ?");
    if (!query) return fail(query.error());
    query->bind(time.clock, time.now, limit - static_cast<int>(found.size()));
    for (;;) {
      Result<bool> row = query->step();
      if (!row) return fail(row.error());
      if (!*row) break;
      found.push_back(query->text(0));
    }
  }
  return found;
}

Result<std::optional<int64_t>> until_due(Database& db, const Clock& clock) {
  Result<std::vector<Time>> clocks = times(db, clock);
  if (!clocks) return fail(clocks.error());
  std::optional<int64_t> soonest;
  for (const Time& time : *clocks) {
    Result<Statement> query = db.prepare(
        "SELECT due FROM run WHERE state = 'waiting' AND clock = ? AND due IS NOT NULL"
        " ORDER BY due LIMIT 1");
    if (!query) return fail(query.error());
    Result<bool> row = query->bind(time.clock).step();
    if (!row) return fail(row.error());
    if (!*row) continue;
    const int64_t left = std::max<int64_t>(0, query->integer(0) - time.now);
    soonest = std::min(soonest.value_or(left), left);
  }
  return soonest;
}

int64_t stepped_since(const Clocks& clocks, const Clock& clock) {
  return clocks.boot == clock.boot_key() ? clock.ahead_ms() - clocks.ahead_ms : 0;
}

}  // namespace engine::store
