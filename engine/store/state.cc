// Queries on the table of runbooks' values.
#include "engine/store/state.h"

namespace engine::store {
namespace {

constexpr int kExpiredRemovedAtOnce = 16;
// Sorts behind every name that begins with the same prefix.
constexpr std::string_view kLastCodePoint = "\xf4\x8f\xbf\xbf";

Result<int64_t> next_version(Database& db) {
  Result<Statement> query = db.prepare("UPDATE state_version SET last = last + 1 RETURNING last");
  if (!query) return fail(query.error());
  Result<bool> row = query->step();
  if (!row) return fail(row.error());
  return query->integer(0);
}

Result<void> remove_expired(Database& db, int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "DELETE FROM state WHERE (scope, name) IN (SELECT scope, name FROM state"
      " WHERE expires_at IS NOT NULL AND expires_at <= ? LIMIT ?)");
  if (!query) return fail(query.error());
  return query->bind(now_ms, kExpiredRemovedAtOnce).run();
}

StateValue value_of(const Statement& row) {
  return {row.text(0), row.text(1), row.integer(2), row.integer(3)};
}

Result<bool> is_as_expected(Database& db, std::string_view scope, std::string_view name,
                            const StateExpected& expected, int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "SELECT (?3 IS NULL OR version = ?3) AND (?4 IS NULL OR json(value) = json(?4)) FROM state"
      " WHERE scope = ?1 AND name = ?2 AND (expires_at IS NULL OR expires_at > ?5)");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(scope, name, expected.version, expected.value, now_ms).step();
  if (!row) return fail(row.error());
  const bool absence = !expected.version && !expected.value;
  if (absence) return !*row;
  return *row && query->integer(0) != 0;
}

}  // namespace

Result<std::optional<StateValue>> get_state(Database& db, std::string_view scope,
                                            std::string_view name, int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "SELECT name, value, version, expires_at FROM state"
      " WHERE scope = ? AND name = ? AND (expires_at IS NULL OR expires_at > ?)");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(scope, name, now_ms).step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<StateValue>();
  return std::optional(value_of(*query));
}

Result<int64_t> set_state(Database& db, std::string_view scope, std::string_view name,
                          std::string_view value, int64_t expires_at_ms, int64_t now_ms) {
  if (Result<void> tidied = remove_expired(db, now_ms); !tidied) return fail(tidied.error());
  Result<int64_t> version = next_version(db);
  if (!version) return version;
  Result<Statement> query = db.prepare(
      "INSERT INTO state(scope, name, value, version, expires_at) VALUES(?, ?, ?, ?, ?)"
      " ON CONFLICT(scope, name) DO UPDATE SET value = excluded.value,"
      " version = excluded.version, expires_at = excluded.expires_at");
  if (!query) return fail(query.error());
  const auto expiry = expires_at_ms ? std::optional(expires_at_ms) : std::nullopt;
  Result<void> done = query->bind(scope, name, value, *version, expiry).run();
  if (!done) return fail(done.error());
  return version;
}

Result<std::optional<int64_t>> compare_and_set_state(Database& db, std::string_view scope,
                                                     std::string_view name,
                                                     const StateExpected& expected,
                                                     std::string_view value, int64_t expires_at_ms,
                                                     int64_t now_ms) {
  Result<bool> matches = is_as_expected(db, scope, name, expected, now_ms);
  if (!matches) return fail(matches.error());
  if (!*matches) return std::optional<int64_t>();
  Result<int64_t> version = set_state(db, scope, name, value, expires_at_ms, now_ms);
  if (!version) return fail(version.error());
  return std::optional(*version);
}

Result<bool> remove_state(Database& db, std::string_view scope, std::string_view name,
                          int64_t now_ms) {
  if (Result<void> tidied = remove_expired(db, now_ms); !tidied) return fail(tidied.error());
  Result<Statement> query = db.prepare(
      "DELETE FROM state"
      " WHERE scope = ? AND name = ? AND (expires_at IS NULL OR expires_at > ?)");
  if (!query) return fail(query.error());
  if (Result<void> done = query->bind(scope, name, now_ms).run(); !done) return fail(done.error());
  return db.changes() > 0;
}

Result<std::vector<StateValue>> list_state(Database& db, std::string_view scope,
                                           std::string_view name_prefix, int limit,
                                           int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "SELECT name, value, version, expires_at FROM state WHERE scope = ? AND name >= ?"
      " AND name < ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY name LIMIT ?");
  if (!query) return fail(query.error());
  const std::string end = std::string(name_prefix) + std::string(kLastCodePoint);
  query->bind(scope, name_prefix, end, now_ms, limit);
  std::vector<StateValue> values;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return values;
    values.push_back(value_of(*query));
  }
}

}  // namespace engine::store
