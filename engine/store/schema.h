// The shape of the store's file and its versions.
#pragma once

#include "engine/base/error.h"
#include "engine/store/database.h"
#include "engine/store/locks.h"

namespace engine::store {

inline constexpr int kSchemaVersion = 3;
// The format of the entries in the journal; older programs must not read a newer one.
inline constexpr int kJournalFormat = 3;

// Brings the file to our version, under the writers' lock where anything has to be done. Refuses a
// file that a newer program made, and one that is not ours.
Result<void> prepare_schema(Database& db, LockFile& locks, const std::string& file);

}  // namespace engine::store
