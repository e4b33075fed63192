// The journal: append-only rows, each a JSON array of one run's entries and the number of that
// run's row before it. There is no index by run, which would cost most of the rate: a run's rows
// are found by following the chain back from its tail. See find_tail() for runs whose tail is not
// recorded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/store/database.h"
#include "engine/store/runs.h"

namespace engine::store {

// A process records the tails of its live runs whenever the journal has grown by this many rows
// since it last did. So the rows after a recorded tail lie within one window, and the search for
// them is bounded.
inline constexpr int64_t kTailWindow = 4096;

// Answers the row's id.
Result<int64_t> append_entries(Database& db, int64_t run, int64_t previous_row,
                               std::string_view entries);

// The run's last journal row: as recorded when it has ended, otherwise the newest within the window
// of its owner. 0 when it has no row.
Result<int64_t> find_tail(Database& db, const RunRecord& run);

// All entries of a run as one JSON array, oldest first. Of a run that is still going: what is
// committed by now.
Result<std::string> read_journal(Database& db, const RunRecord& run);

// Rows after `after_row` only, oldest first, to follow a live run; answers the last row seen
// (`after_row` when nothing is new). `entries` is called with each row's JSON array.
Result<int64_t> read_journal_after(Database& db, const RunRecord& run, int64_t after_row,
                                   const std::function<void(std::string_view entries)>& entries);

}  // namespace engine::store
