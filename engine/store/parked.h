// Runs that only wait and that no process carries: rows, and the time at which each is to go on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/store/database.h"
#include "engine/store/runs.h"

namespace engine::store {

// What a run waits for when it is parked. Its mail wakes it too.
struct Parking {
  std::string run;
  // In the machine's own time (Clock::boot_ns), which counts suspend and knows no steps; or, where
  // a time of day is waited for, in milliseconds since 1970. Neither: mail alone.
  std::optional<int64_t> due_boot_ms;
  std::optional<int64_t> due_wall_ms;
  Clocks clocks = {};
  int64_t last_mail = 0;  // that the run has seen: newer mail wakes it at once
};

// The row of a run whose journal ends at `tail`: nobody's from now on.
Result<void> park_run(Database& db, int64_t key, int64_t tail, const Parking& parking,
                      const Clock& clock);
// A run that nobody carries yet is left to whoever takes up parked runs, and is due at once.
Result<void> leave_run(Database& db, int64_t key);
// A parked run is due at once.
Result<void> wake_run(Database& db, std::string_view run);

// Ids of runs that are due, the earliest first. After a start of the machine the time of day tells,
// since its own time began anew.
Result<std::vector<std::string>> due_runs(Database& db, const Clock& clock, int limit);
// Milliseconds until the next one is, 0 when it is by now; nothing when none will be.
Result<std::optional<int64_t>> until_due(Database& db, const Clock& clock);

// How far the wall clock has been set forward since a run's clocks were noted, which is no time
// that has passed; 0 where that cannot be known.
int64_t stepped_since(const Clocks& clocks, const Clock& clock);

}  // namespace engine::store
