// Queries on the table of runs.
#include "engine/store/runs.h"

#include "engine/base/json.h"
#include "engine/store/sources.h"

namespace engine::store {
namespace {

constexpr size_t kCandidatesShown = 5;

// No letter of an id sorts behind it.
constexpr std::string_view kAfterPrefix = "{";

constexpr std::string_view kFind =
    "SELECT key, id, runbook, file, state, principal, trigger, params, dry_run, attempt, owner,"
    " created_at, started_at, finished_at, result, error, sources, tail, parent,"
    " boot, ahead, EXISTS(SELECT 1 FROM waiting w WHERE w.run = run.id AND w.place = 'queue')"
    " FROM run WHERE id >= ? AND id < ? ORDER BY id = ? DESC, key DESC LIMIT 6";

constexpr std::string_view kList =
    "SELECT key, id, runbook, file, state, principal, trigger, params, dry_run, attempt, owner,"
    " created_at, started_at, finished_at, result, error, sources, tail, parent,"
    " boot, ahead, EXISTS(SELECT 1 FROM waiting w WHERE w.run = run.id AND w.place = 'queue')"
    " FROM run WHERE (?1 = '' OR runbook = ?1) AND (?2 = '' OR state = ?2)"
    " AND (?3 = '' OR principal = ?3) AND (?4 = '' OR trigger ->> 'kind' = ?4)"
    " AND created_at >= ?5 AND (?6 = 0 OR created_at < ?6) AND (?7 = 0 OR key < ?7)"
    " ORDER BY key DESC LIMIT ?8";

constexpr std::string_view kOfKey =
    "SELECT key, id, runbook, file, state, principal, trigger, params, dry_run, attempt, owner,"
    " created_at, started_at, finished_at, result, error, sources, tail, parent,"
    " boot, ahead, EXISTS(SELECT 1 FROM waiting w WHERE w.run = run.id AND w.place = 'queue')"
    " FROM run WHERE key = ?";

// Without an index, since few ask: a parent is older than its children.
constexpr std::string_view kChildren =
    "SELECT key, id, runbook, file, state, principal, trigger, params, dry_run, attempt, owner,"
    " created_at, started_at, finished_at, result, error, sources, tail, parent,"
    " boot, ahead, EXISTS(SELECT 1 FROM waiting w WHERE w.run = run.id AND w.place = 'queue')"
    " FROM run WHERE key > ?1 AND parent = ?1 ORDER BY key";

RunRecord record(const Statement& row) {
  RunRecord run;
  run.key = row.integer(0);
  run.id = row.text(1);
  run.runbook = row.text(2);
  run.file = row.text(3);
  run.state = row.text(4);
  run.principal = row.text(5);
  run.trigger = row.text(6);
  run.params = row.text(7);
  run.dry_run = row.integer(8) != 0;
  run.attempt = static_cast<int>(row.integer(9));
  run.owner = row.integer(10);
  run.created_at_ms = row.integer(11);
  run.started_at_ms = row.integer(12);
  run.finished_at_ms = row.integer(13);
  run.result = row.text(14);
  run.error = row.text(15);
  run.sources = row.text(16);
  run.tail = row.integer(17);
  run.parent = row.integer(18);
  run.clocks = {row.integer(19), row.integer(20)};
  run.queued = row.integer(21) != 0;
  return run;
}

Result<std::vector<RunRecord>> all_of(Statement& query) {
  std::vector<RunRecord> runs;
  for (;;) {
    Result<bool> row = query.step();
    if (!row) return fail(row.error());
    if (!*row) return runs;
    runs.push_back(record(query));
  }
}

std::optional<int64_t> unless_zero(int64_t value) {
  return value ? std::optional(value) : std::nullopt;
}
std::optional<std::string_view> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::unexpected<Error> ambiguous(std::string_view prefix, const std::vector<RunRecord>& found) {
  std::string names;
  for (size_t i = 0; i < found.size() && i < kCandidatesShown; ++i) {
    names += (i ? ", " : "") + found[i].id + " (" + found[i].runbook + ")";
  }
  if (found.size() > kCandidatesShown) names += " and more";
  return fail(code::kConflict,
              "more than one run begins with '" + std::string(prefix) + "': " + names,
              "give more of the id");
}

}  // namespace

std::string sources_json(const std::vector<SourceText>& sources) {
  std::string json;
  JsonWriter writer(json);
  writer.begin_array();
  for (const SourceText& source : sources) {
    writer.begin_object().field("name", source.name).field("hash", source.hash);
    if (!source.file.empty()) writer.field("file", source.file);
    writer.end_object();
  }
  writer.end_array();
  return json;
}

Result<void> adopt_run(Database& db, const Adoption& run, int64_t owner) {
  Result<Statement> query = db.prepare(
      "UPDATE run SET owner = ?, attempt = ?, tail = ?, state = 'running', due = NULL,"
      " finished_at = NULL, result = NULL, error = NULL, boot = ?, ahead = ?"
      " WHERE key = ? AND state = ? AND owner = ? AND attempt = ?");
  if (!query) return fail(query.error());
  Result<void> done = query
                          ->bind(owner, run.new_attempt, run.tail, run.clocks.boot,
                                 run.clocks.ahead_ms, run.key, run.state, run.owner, run.attempt)
                          .run();
  if (!done || db.changes() == 1) return done;
  return fail(code::kConflict, "another process has taken the run up meanwhile",
              "`engine runs` tells what becomes of it");
}

Result<int64_t> insert_run(Database& db, const NewRun& run, int64_t owner) {
  for (const SourceText& source : run.sources) {
    Result<void> kept = insert_source(db, source.hash, *source.text);
    if (!kept) return fail(kept.error());
  }
  Result<Statement> query = db.prepare(
      "INSERT INTO run(id, runbook, file, state, principal, trigger, params, dry_run, attempt,"
      " owner, created_at, started_at, sources, parent, boot, ahead)"
      " VALUES(?, ?, ?, 'running', ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)");
  if (!query) return fail(query.error());
  const std::string sources = sources_json(run.sources);
  Result<void> done =
      query
          ->bind(run.id, run.runbook, run.file, run.principal, run.trigger, run.params, run.dry_run,
                 owner, run.created_at_ms, unless_zero(run.started_at_ms), sources, run.parent,
                 run.clocks.boot, run.clocks.ahead_ms)
          .run();
  if (!done) return fail(done.error());
  return db.last_insert_id();
}

Result<void> begin_run(Database& db, std::string_view id, int64_t at_ms) {
  Result<Statement> query = db.prepare("UPDATE run SET started_at = ? WHERE id = ?");
  if (!query) return fail(query.error());
  return query->bind(at_ms, id).run();
}

Result<void> finish_run(Database& db, int64_t key, const RunEnd& end, int64_t tail) {
  Result<Statement> query = db.prepare(
      "UPDATE run SET state = ?, finished_at = ?, result = ?, error = ?, tail = ? WHERE key = ?");
  if (!query) return fail(query.error());
  Result<void> done = query
                          ->bind(end.state, end.finished_at_ms, unless_empty(end.result),
                                 unless_empty(end.error), tail, key)
                          .run();
  if (!done) return done;
  // Another attempt may take what was told to the run, but not what was asked of this one.
  Result<Statement> mail = db.prepare(
      "DELETE FROM mail WHERE run = (SELECT id FROM run WHERE key = ?1)"
      " AND (?2 OR kind IN ('cancel', 'lock'))");
  if (!mail) return fail(mail.error());
  return mail->bind(key, end.state == "succeeded").run();
}

Result<void> let_go(Database& db, int64_t key, int64_t tail, int64_t owner) {
  Result<Statement> query = db.prepare(
      "UPDATE run SET owner = 0, tail = ? WHERE key = ? AND owner = ? AND state = 'running'");
  if (!query) return fail(query.error());
  return query->bind(tail, key, owner).run();
}

Result<RunRecord> find_run(Database& db, std::string_view id_prefix) {
  std::string first(id_prefix);
  for (char& letter : first) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  if (first.empty()) return fail(code::kInvalidArgument, "a run's id is empty");
  const std::string last = first + std::string(kAfterPrefix);
  Result<Statement> query = db.prepare(kFind);
  if (!query) return fail(query.error());
  query->bind(first, last, first);
  Result<std::vector<RunRecord>> rows = all_of(*query);
  if (!rows) return fail(rows.error());
  std::vector<RunRecord>& found = *rows;
  if (found.empty()) {
    return fail(code::kNotFound, "no run's id begins with '" + std::string(id_prefix) + "'",
                "`engine runs` lists them");
  }
  if (found.size() > 1 && found[0].id != first) return ambiguous(id_prefix, found);
  return std::move(found[0]);
}

Result<std::vector<RunRecord>> list_runs(Database& db, const RunFilter& filter) {
  Result<Statement> query = db.prepare(kList);
  if (!query) return fail(query.error());
  query->bind(filter.runbook, filter.state, filter.principal, filter.trigger_kind, filter.since_ms,
              filter.until_ms, filter.before_key, filter.limit);
  return all_of(*query);
}

Result<std::optional<RunRecord>> run_of_key(Database& db, int64_t key) {
  Result<Statement> query = db.prepare(kOfKey);
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(key).step();
  if (!row) return fail(row.error());
  return *row ? std::optional(record(*query)) : std::nullopt;
}

Result<std::vector<RunRecord>> children_of(Database& db, int64_t key) {
  Result<Statement> query = db.prepare(kChildren);
  if (!query) return fail(query.error());
  query->bind(key);
  return all_of(*query);
}

Result<std::optional<Owner>> find_owner(Database& db, int64_t epoch) {
  Result<Statement> query = db.prepare("SELECT pid, since FROM owner WHERE epoch = ?");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(epoch).step();
  if (!row) return fail(row.error());
  return *row ? std::optional(Owner{query->integer(0), query->integer(1)}) : std::nullopt;
}

}  // namespace engine::store
