// Who did what: the audit, a view of the journal. `sqlite3 engine.db 'SELECT * FROM audit'` shows
// the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/store/database.h"

namespace engine::store {

struct AuditRecord {
  int64_t at_ms = 0;
  std::string principal, trigger;
  std::string run;  // the run's id, which is the correlation id
  std::string operation, target, arguments, effect;
  std::string outcome;  // ok, planned, unknown (started, no result), or the error's code
  int64_t duration_ms = 0;
};

struct AuditFilter {
  std::string run = {};        // a whole id; empty: all
  std::string operation = {};  // empty: all
  std::string principal = {};  // empty: all
  bool changes_only = false;
  int64_t since_ms = 0;
  int limit = 1000;
};

// Oldest first.
Result<std::vector<AuditRecord>> read_audit(Database& db, const AuditFilter& filter);

}  // namespace engine::store
