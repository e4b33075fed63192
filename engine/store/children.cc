// Queries on runs that belong to others.
#include "engine/store/children.h"

#include "engine/store/journal.h"
#include "engine/store/mail.h"

namespace engine::store {
namespace {

constexpr int64_t kNobody = 0;

Result<int64_t> key_of(Database& db, std::string_view run) {
  Result<Statement> query = db.prepare("SELECT key FROM run WHERE id = ?");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(run).step();
  if (!row) return fail(row.error());
  return *row ? query->integer(0) : 0;
}

}  // namespace

Result<AddedRun> add_run(Database& db, NewRun run, std::string_view parent,
                         std::string_view entries) {
  AddedRun added;
  if (!parent.empty()) {
    Result<int64_t> key = key_of(db, parent);
    if (!key) return fail(key.error());
    added.parent = *key;
    run.parent = *key;
  }
  Result<int64_t> key = insert_run(db, run, kNobody);
  if (!key) return fail(key.error());
  Result<int64_t> tail = append_entries(db, *key, 0, entries);
  if (!tail) return fail(tail.error());
  Result<Statement> update = db.prepare("UPDATE run SET tail = ? WHERE key = ?");
  if (!update) return fail(update.error());
  if (Result<void> done = update->bind(*tail, *key).run(); !done) return fail(done.error());
  added.as = {*key, "running", kNobody, 1, 1, *tail, run.clocks};
  return added;
}

Result<std::optional<Next>> ask_to_end(Database& db, std::string_view run, std::string_view sender,
                                       int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "SELECT owner FROM run WHERE id = ?1 AND finished_at IS NULL AND NOT EXISTS("
      "SELECT 1 FROM mail WHERE run = ?1 AND kind = 'cancel' AND sender = ?2)");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(run, sender).step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Next>();
  const Next told{std::string(run), query->integer(0)};
  const Result<int64_t> sent =
      send_mail(db, {0, told.run, "cancel", "", "{}", std::string(sender), now_ms});
  if (!sent) return fail(sent.error());
  return std::optional(told);
}

Result<std::vector<Next>> ask_children_to_end(Database& db, std::string_view run,
                                              std::string_view sender, int64_t now_ms) {
  Result<int64_t> key = key_of(db, run);
  if (!key) return fail(key.error());
  Result<Statement> query =
      db.prepare("SELECT id FROM run WHERE parent = ? AND finished_at IS NULL");
  if (!query) return fail(query.error());
  query->bind(*key);
  std::vector<std::string> children;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    children.push_back(query->text(0));
  }
  std::vector<Next> told;
  for (const std::string& child : children) {
    Result<std::optional<Next>> asked = ask_to_end(db, child, sender, now_ms);
    if (!asked) return fail(asked.error());
    told.push_back(*asked ? std::move(**asked) : Next{child, kNobody});
  }
  return told;
}

Result<int64_t> owner_of(Database& db, int64_t key) {
  Result<Statement> query =
      db.prepare("SELECT owner FROM run WHERE key = ? AND finished_at IS NULL");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(key).step();
  if (!row) return fail(row.error());
  return *row ? query->integer(0) : 0;
}

}  // namespace engine::store
