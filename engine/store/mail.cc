// Queries on runs' mail and on what they wait for.
#include "engine/store/mail.h"

#include "engine/store/parked.h"

namespace engine::store {
namespace {

Mail mail_in(const Statement& row) {
  Mail mail;
  mail.id = row.integer(0);
  mail.run = row.text(1);
  mail.kind = row.text(2);
  mail.name = row.text(3);
  mail.data = row.text(4);
  mail.sender = row.text(5);
  mail.at_ms = row.integer(6);
  return mail;
}

}  // namespace

Result<int64_t> send_mail(Database& db, const Mail& mail) {
  Result<Statement> query =
      db.prepare("INSERT INTO mail(run, kind, name, data, sender, at) VALUES(?, ?, ?, ?, ?, ?)");
  if (!query) return fail(query.error());
  Result<void> done =
      query->bind(mail.run, mail.kind, mail.name, mail.data, mail.sender, mail.at_ms).run();
  if (!done) return fail(done.error());
  const int64_t id = db.last_insert_id();
  Result<void> woken = wake_run(db, mail.run);
  return woken ? Result<int64_t>(id) : fail(woken.error());
}

Result<bool> is_cancelled(Database& db, std::string_view run) {
  Result<Statement> query = db.prepare("SELECT 1 FROM mail WHERE run = ? AND kind = 'cancel'");
  if (!query) return fail(query.error());
  return query->bind(run).step();
}

Result<std::vector<Mail>> mail_of(Database& db, std::string_view run, int64_t after_id) {
  Result<Statement> query = db.prepare(
      "SELECT id, run, kind, name, data, sender, at FROM mail WHERE run = ? AND id > ?"
      " ORDER BY id");
  if (!query) return fail(query.error());
  query->bind(run, after_id);
  std::vector<Mail> found;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return found;
    found.push_back(mail_in(*query));
  }
}

Result<Addressees> addressees(Database& db, int64_t after_id) {
  Result<Statement> query = db.prepare("SELECT run, max(id) FROM mail WHERE id > ? GROUP BY run");
  if (!query) return fail(query.error());
  query->bind(after_id);
  Addressees found;
  found.last_id = after_id;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return found;
    found.runs.push_back(query->text(0));
    found.last_id = std::max(found.last_id, query->integer(1));
  }
}

Result<void> put_waiting(Database& db, const Waiting& waiting) {
  Result<Statement> query = db.prepare(
      "INSERT OR REPLACE INTO waiting(run, place, kind, what, line, since)"
      " VALUES(?, ?, ?, ?, ?, ?)");
  if (!query) return fail(query.error());
  return query
      ->bind(waiting.run, waiting.place, waiting.kind, waiting.what, waiting.line, waiting.since_ms)
      .run();
}

Result<void> remove_waiting(Database& db, std::string_view run, std::string_view place) {
  Result<Statement> query = db.prepare("DELETE FROM waiting WHERE run = ? AND place = ?");
  if (!query) return fail(query.error());
  return query->bind(run, place).run();
}

Result<void> remove_waiting(Database& db, std::string_view run) {
  Result<Statement> query = db.prepare("DELETE FROM waiting WHERE run = ?");
  if (!query) return fail(query.error());
  return query->bind(run).run();
}

Result<std::vector<Waiting>> list_waiting(Database& db, std::string_view run, int limit) {
  Result<Statement> query = db.prepare(
      "SELECT run, place, kind, what, line, since FROM waiting WHERE ?1 = '' OR run = ?1"
      " ORDER BY since, run, place LIMIT ?2");
  if (!query) return fail(query.error());
  query->bind(run, limit);
  std::vector<Waiting> found;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return found;
    found.push_back({query->text(0), query->text(1), query->text(2), query->text(3), query->text(4),
                     query->integer(5)});
  }
}

}  // namespace engine::store
