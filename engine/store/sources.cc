// Queries on the table of source texts.
#include "engine/store/sources.h"

namespace engine::store {

Result<void> insert_source(Database& db, std::string_view hash, std::string_view text) {
  Result<Statement> query =
      db.prepare("INSERT INTO source(hash, text) VALUES(?, ?) ON CONFLICT(hash) DO NOTHING");
  if (!query) return fail(query.error());
  return query->bind(hash, text).run();
}

Result<std::string> source_text(Database& db, std::string_view hash) {
  Result<Statement> query = db.prepare("SELECT text FROM source WHERE hash = ?");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(hash).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(code::kNotFound, "the store has no source text " + std::string(hash));
  return query->text(0);
}

}  // namespace engine::store
