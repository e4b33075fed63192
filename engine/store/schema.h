// The shape of the store's file and its versions.
#pragma once

#include "engine/base/error.h"
#include "engine/store/database.h"
#include "engine/store/locks.h"

namespace engine::store {

inline constexpr int kSchemaVersion = 3;
// The format of the entries in the journal; older programs must not read a newer one.
inline constexpr int kJournalFormat = 3;

// What the header of a file says it is, by PRAGMA application_id.
inline constexpr int64_t kStoreId = 0x656e676e;   // "engn"
inline constexpr int64_t kExportId = 0x656e6778;  // "engx"

// Brings the file to our version, under the writers' lock where anything has to be done. Refuses a
// file that a newer program made, and one that is not ours.
Result<void> prepare_schema(Database& db, LockFile& locks, const std::string& file);

// All tables, within the caller's transaction, in an empty file that is to be of that kind.
Result<void> make_tables(Database& db, int64_t id);
// Whether the file is an export that this program can read; UNSUPPORTED for one of another version.
Result<void> check_export(Database& db, const std::string& file);

}  // namespace engine::store
