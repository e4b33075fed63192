// Results that are too large for a row of the journal: beside it, compressed, each under a name
// that its entry follows from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/store/database.h"

namespace engine::store {

// Of JSON text; what is larger lies beside the journal.
inline constexpr size_t kInlineBytesMax = 16 << 10;

// Of the call at a place: "3.1:2" is the second call of task 3.1.
std::string large_name(std::string_view run, int attempt, std::string_view place);

// Takes the place of what had the name.
Result<void> keep_large(Database& db, std::string_view name, std::string_view text);
Result<std::string> read_large(Database& db, std::string_view name);
// All of a run's.
Result<std::vector<std::string>> large_names(Database& db, std::string_view run);

// The journal (a JSON array of entries) with each large result in its place, as "ok".
Result<std::string> with_large(Database& db, std::string_view run, std::string journal);

}  // namespace engine::store
