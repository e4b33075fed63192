// Appending to the journal, and reading a run's chain of rows back.
#include "engine/store/journal.h"

#include <utility>
#include <vector>

#include "engine/store/large.h"

namespace engine::store {
namespace {

struct Row {
  int64_t id;
  std::string entries;
};

Error broken_chain(const RunRecord& run, int64_t row) {
  return Error(code::kFailed,
               "the journal of run " + run.id + " is damaged at row " + std::to_string(row),
               "`sqlite3 engine.db 'PRAGMA integrity_check'` tells more");
}

// Rows after `after_row`, newest first.
Result<std::vector<Row>> rows_back_from(Database& db, const RunRecord& run, int64_t tail,
                                        int64_t after_row) {
  std::vector<Row> rows;
  Result<Statement> query = db.prepare("SELECT run, prev, entries FROM journal WHERE id = ?");
  if (!query) return fail(query.error());
  for (int64_t id = tail; id > after_row;) {
    Result<bool> row = query->bind(id).step();
    if (!row) return fail(row.error());
    if (!*row || query->integer(0) != run.key || query->integer(1) >= id) {
      return fail(broken_chain(run, id));
    }
    rows.push_back({id, query->text(2)});
    id = query->integer(1);
    query->rewind();
  }
  return rows;
}

}  // namespace

Result<int64_t> append_entries(Database& db, int64_t run, int64_t previous_row,
                               std::string_view entries) {
  Result<Statement> query = db.prepare("INSERT INTO journal(run, prev, entries) VALUES(?, ?, ?)");
  if (!query) return fail(query.error());
  Result<void> done = query->bind(run, previous_row, entries).run();
  if (!done) return fail(done.error());
  return db.last_insert_id();
}

Result<int64_t> find_tail(Database& db, const RunRecord& run) {
  Snapshot snapshot(db);
  Result<Statement> known = db.prepare(
      "SELECT r.tail, CASE r.state WHEN 'running' THEN o.tails_from END"
      " FROM run r LEFT JOIN owner o ON o.epoch = r.owner WHERE r.key = ?");
  if (!known) return fail(known.error());
  Result<bool> row = known->bind(run.key).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(code::kNotFound, "run " + run.id + " is not in the store any more");
  const int64_t tail = known->integer(0);
  if (known->is_null(1)) return tail;
  Result<Statement> newest = db.prepare(
      "SELECT id FROM journal WHERE id >= ?1 AND id < ?1 + ?2 AND run = ?3"
      " ORDER BY id DESC LIMIT 1");
  if (!newest) return fail(newest.error());
  row = newest->bind(known->integer(1), kTailWindow, run.key).step();
  if (!row) return fail(row.error());
  return *row ? newest->integer(0) : tail;
}

Result<int64_t> read_journal_after(Database& db, const RunRecord& run, int64_t after_row,
                                   const std::function<void(std::string_view entries)>& entries) {
  Result<int64_t> tail = find_tail(db, run);
  if (!tail) return fail(tail.error());
  if (*tail <= after_row) return after_row;
  Result<std::vector<Row>> rows = rows_back_from(db, run, *tail, after_row);
  if (!rows) return fail(rows.error());
  for (size_t i = rows->size(); i-- > 0;) entries((*rows)[i].entries);
  return *tail;
}

Result<std::string> read_journal(Database& db, const RunRecord& run) {
  std::string all = "[";
  Result<int64_t> tail = read_journal_after(db, run, 0, [&](std::string_view row) {
    row = row.substr(1, row.size() - 2);
    if (row.empty()) return;
    if (all.size() > 1) all += ',';
    all += row;
  });
  if (!tail) return fail(tail.error());
  all += ']';
  return with_large(db, run.id, std::move(all));
}

}  // namespace engine::store
