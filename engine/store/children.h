// Runs that belong to another run, which started them and which they do not outlive.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/store/runs.h"
#include "engine/store/tickets.h"

namespace engine::store {

struct AddedRun {
  Adoption as;         // whoever begins to carry it takes it up like this
  int64_t parent = 0;  // key, 0: none
};
// Adds a run that nobody carries yet, with its first entries. `parent`: the run that it belongs to,
// or empty.
Result<AddedRun> add_run(Database& db, NewRun run, std::string_view parent,
                         std::string_view entries);

// Sends mail that asks the run to end, and answers whom to ring; nothing where it has ended, or
// where the same sender has asked before.
Result<std::optional<Next>> ask_to_end(Database& db, std::string_view run, std::string_view sender,
                                       int64_t now_ms);
// The same for all that belong to the run; answers each that goes on, asked now or before.
Result<std::vector<Next>> ask_children_to_end(Database& db, std::string_view run,
                                              std::string_view sender, int64_t now_ms);
// The owner of a run that is going on; 0 where it has ended.
Result<int64_t> owner_of(Database& db, int64_t key);

}  // namespace engine::store
