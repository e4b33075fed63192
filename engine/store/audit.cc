// Queries on the audit view (schema.cc has its definition).
#include "engine/store/audit.h"

namespace engine::store {

Result<std::vector<AuditRecord>> read_audit(Database& db, const AuditFilter& filter) {
  Result<Statement> query = db.prepare(
      "SELECT at, principal, trigger, run, operation, target, arguments, effect, outcome,"
      " duration_ms FROM audit WHERE (?1 = '' OR run = ?1) AND (?2 = '' OR operation = ?2)"
      " AND (?3 = '' OR principal = ?3) AND (NOT ?4 OR effect <> 'read') AND at >= ?5"
      " ORDER BY row, place LIMIT ?6");
  if (!query) return fail(query.error());
  query->bind(filter.run, filter.operation, filter.principal, filter.changes_only, filter.since_ms,
              filter.limit);
  std::vector<AuditRecord> records;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return records;
    records.push_back({query->integer(0), query->text(1), query->text(2), query->text(3),
                       query->text(4), query->text(5), query->text(6), query->text(7),
                       query->text(8), query->integer(9)});
  }
}

}  // namespace engine::store
