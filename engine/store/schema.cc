// Migrations, in order. Both versions live in the header of the file (PRAGMA user_version), so that
// the usual opening reads one page and parses no schema.
#include "engine/store/schema.h"

#include <array>
#include <string>

namespace engine::store {
namespace {

constexpr int kFormatBits = 16;

struct Versions {
  int64_t schema;
  int64_t journal;
};

Versions unpack(int64_t user_version) {
  return {user_version >> kFormatBits, user_version & ((1 << kFormatBits) - 1)};
}

constexpr const char* kFirst = R"(
CREATE TABLE run(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  runbook TEXT NOT NULL,
  file TEXT NOT NULL,
  state TEXT NOT NULL,
  principal TEXT NOT NULL,
  trigger TEXT NOT NULL,
  params TEXT NOT NULL,
  dry_run INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  result TEXT,
  error TEXT,
  sources TEXT NOT NULL,
  tail INTEGER,
  parent INTEGER);
CREATE INDEX run_by_owner ON run(owner) WHERE state = 'running';

CREATE TABLE owner(
  epoch INTEGER PRIMARY KEY AUTOINCREMENT,
  pid INTEGER NOT NULL,
  since INTEGER NOT NULL,
  tails_from INTEGER NOT NULL);

CREATE TABLE journal(
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  entries TEXT NOT NULL);

CREATE TABLE source(
  hash TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL);

CREATE TABLE state(
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  version INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY(scope, name)) WITHOUT ROWID;
CREATE INDEX state_by_expiry ON state(expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE state_version(last INTEGER NOT NULL);
INSERT INTO state_version VALUES(0);

CREATE VIEW audit AS
WITH
  entry AS (
    SELECT j.run, j.id AS row, e.key AS place, e.value AS body,
           e.value ->> 't' AS t, e.value ->> 'p' AS p, e.value ->> 'n' AS n
    FROM journal j, json_each(j.entries) e),
  begun AS (SELECT * FROM entry WHERE t IN ('op', 'call')),
  ended AS MATERIALIZED (SELECT run, p, n, body FROM entry WHERE t = 'result')
SELECT
  b.row, b.place,
  b.body ->> 'at' AS at,
  r.principal AS principal,
  r.trigger AS trigger,
  r.id AS run,
  b.body ->> 'op' AS operation,
  b.body ->> 'target' AS target,
  b.body -> 'args' AS arguments,
  b.body ->> 'effect' AS effect,
  CASE
    WHEN json_type(b.body, '$.error') IS NOT NULL THEN b.body ->> '$.error.code'
    WHEN b.body ->> 'planned' THEN 'planned'
    WHEN b.t = 'op' THEN 'ok'
    WHEN e.body IS NULL THEN 'unknown'
    WHEN json_type(e.body, '$.error') IS NOT NULL THEN e.body ->> '$.error.code'
    ELSE 'ok'
  END AS outcome,
  CASE b.t WHEN 'op' THEN b.body ->> 'ms' ELSE e.body ->> 'ms' END AS duration_ms
FROM begun b
JOIN run r ON r.key = b.run
LEFT JOIN ended e ON b.t = 'call' AND e.run = b.run AND e.p = b.p AND e.n = b.n;
)";

// Runs have attempts: a place may be called once in each, and its last recorded end is the one that
// holds.
constexpr const char* kSecond = R"(
CREATE TABLE large(
  name TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  packed BLOB NOT NULL);

DROP VIEW audit;
CREATE VIEW audit AS
WITH
  entry AS (
    SELECT j.run, j.id AS row, e.key AS place, e.value AS body,
           e.value ->> 't' AS t, e.value ->> 'p' AS p, e.value ->> 'n' AS n,
           ifnull(e.value ->> 'a', 1) AS a
    FROM journal j, json_each(j.entries) e),
  begun AS (SELECT * FROM entry WHERE t IN ('op', 'call')),
  ended AS MATERIALIZED (
    SELECT run, p, n, a, body, max(row * 1000000 + place) FROM entry WHERE t = 'result'
    GROUP BY run, p, n, a)
SELECT
  b.row, b.place,
  b.body ->> 'at' AS at,
  r.principal AS principal,
  r.trigger AS trigger,
  r.id AS run,
  b.body ->> 'op' AS operation,
  b.body ->> 'target' AS target,
  b.body -> 'args' AS arguments,
  b.body ->> 'effect' AS effect,
  CASE
    WHEN json_type(b.body, '$.error') IS NOT NULL THEN b.body ->> '$.error.code'
    WHEN b.body ->> 'planned' THEN 'planned'
    WHEN b.t = 'op' THEN 'ok'
    WHEN e.body IS NULL THEN 'unknown'
    WHEN json_type(e.body, '$.error') IS NOT NULL THEN e.body ->> '$.error.code'
    ELSE 'ok'
  END AS outcome,
  CASE b.t WHEN 'op' THEN b.body ->> 'ms' ELSE e.body ->> 'ms' END AS duration_ms
FROM begun b
JOIN run r ON r.key = b.run
LEFT JOIN ended e ON b.t = 'call' AND e.run = b.run AND e.p = b.p AND e.n = b.n
  AND e.a = b.a;
)";

// What reaches runs from outside, and what they wait for.
constexpr const char* kThird = R"(
CREATE TABLE mail(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  data TEXT NOT NULL,
  sender TEXT NOT NULL,
  at INTEGER NOT NULL);
CREATE INDEX mail_by_run ON mail(run);

CREATE TABLE waiting(
  run TEXT NOT NULL,
  place TEXT NOT NULL,
  kind TEXT NOT NULL,
  what TEXT NOT NULL,
  line TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY(run, place)) WITHOUT ROWID;

CREATE TABLE ticket(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  lock TEXT NOT NULL,
  run TEXT NOT NULL,
  place TEXT NOT NULL,
  ttl INTEGER NOT NULL,
  until INTEGER,
  seats INTEGER NOT NULL);
CREATE INDEX ticket_by_lock ON ticket(lock);
CREATE INDEX ticket_by_run ON ticket(run);

CREATE TRIGGER run_deleted AFTER DELETE ON run BEGIN
  DELETE FROM mail WHERE run = old.id;
  DELETE FROM waiting WHERE run = old.id;
  DELETE FROM ticket WHERE run = old.id;
END;

CREATE INDEX run_by_parent ON run(parent) WHERE finished_at IS NULL AND parent IS NOT NULL;
ALTER TABLE run ADD COLUMN due INTEGER;
ALTER TABLE run ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;
CREATE INDEX run_by_due ON run(clock, due) WHERE state = 'waiting' AND due IS NOT NULL;
CREATE TABLE boot(
  clock INTEGER PRIMARY KEY,
  ahead INTEGER NOT NULL);
)";

constexpr std::array<const char*, kSchemaVersion> kMigrations = {kFirst, kSecond, kThird};

Result<Versions> check(Database& db, const std::string& file) {
  Result<int64_t> user_version = db.number("PRAGMA user_version");
  if (!user_version) return fail(user_version.error());
  Result<int64_t> application = db.number("PRAGMA application_id");
  if (!application) return fail(application.error());
  const Versions found = unpack(*user_version);
  if (*application != kStoreId) {
    Result<int64_t> tables = db.number("SELECT count(*) FROM sqlite_schema");
    if (!tables) return fail(tables.error());
    if (*user_version == 0 && *tables == 0) return Versions{0, 0};
    return fail(code::kFailed, "'" + file + "' is an SQLite database of another program",
                "choose another folder with --state-dir");
  }
  if (found.schema > kSchemaVersion || found.journal > kJournalFormat) {
    return fail(code::kUnsupported,
                "the store '" + file + "' was written by a newer engine: it has schema " +
                    std::to_string(found.schema) + " and journal format " +
                    std::to_string(found.journal) + ", this engine knows schema " +
                    std::to_string(kSchemaVersion) + " and journal format " +
                    std::to_string(kJournalFormat),
                "use a newer engine, or choose another folder with --state-dir");
  }
  return found;
}

Result<void> bring_up(Database& db, int64_t from, int64_t id) {
  for (int64_t version = from; version < kSchemaVersion; ++version) {
    Result<void> done = db.exec(kMigrations[static_cast<size_t>(version)]);
    if (!done) return done;
  }
  const std::string stamp =
      "PRAGMA application_id = " + std::to_string(id) +
      "; PRAGMA user_version = " + std::to_string((kSchemaVersion << kFormatBits) | kJournalFormat);
  return db.exec(stamp.c_str());
}

Result<void> migrate(Database& db, int64_t from) {
  if (from == 0) {
    // The order matters: once the first page is written, auto_vacuum can't be chosen any more.
    Result<void> shaped = db.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
    if (!shaped) return shaped;
  }
  Result<void> done = db.exec("BEGIN IMMEDIATE");
  if (done) done = bring_up(db, from, kStoreId);
  if (done) done = db.exec("COMMIT");
  if (!done && db.in_transaction()) (void)db.exec("ROLLBACK");
  return done;
}

}  // namespace

Result<void> make_tables(Database& db, int64_t id) { return bring_up(db, 0, id); }

Result<void> check_export(Database& db, const std::string& file) {
  Result<int64_t> id = db.number("PRAGMA application_id");
  if (!id) return fail(id.error());
  Result<int64_t> user_version = db.number("PRAGMA user_version");
  if (!user_version) return fail(user_version.error());
  if (*id != kExportId) {
    return fail(code::kFailed,
                "'" + file + "' is no exported run: " +
                    (*id == kStoreId ? "it is a whole store" : "something else has made it"),
                *id == kStoreId ? "give its folder with --state-dir, and a run's id"
                                : "`engine export RUN FILE` makes one");
  }
  const Versions found = unpack(*user_version);
  if (found.schema == kSchemaVersion && found.journal <= kJournalFormat) return {};
  const bool newer = found.schema > kSchemaVersion || found.journal > kJournalFormat;
  return fail(code::kUnsupported,
              "'" + file + "' was exported by " + (newer ? "a newer" : "an older") +
                  " engine: it has schema " + std::to_string(found.schema) +
                  " and journal format " + std::to_string(found.journal) +
                  ", this engine reads schema " + std::to_string(kSchemaVersion) +
                  " and journal format " + std::to_string(kJournalFormat),
              "look at it with the engine that has made it");
}

Result<void> prepare_schema(Database& db, LockFile& locks, const std::string& file) {
  Result<Versions> found = check(db, file);
  if (found && found->schema == kSchemaVersion) return {};
  // What looks strange may be a store that another process is making at this moment.
  if (Result<void> turn = locks.take_turn(); !turn) return found ? turn : fail(found.error());
  found = check(db, file);
  Result<void> done;
  if (!found) {
    done = fail(found.error());
  } else if (found->schema < kSchemaVersion) {
    done = migrate(db, found->schema);
  }
  locks.end_turn();
  return done;
}

}  // namespace engine::store
