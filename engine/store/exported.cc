// Copying runs from the store, table by table, and opening what was copied.
#include "engine/store/exported.h"

#include <unistd.h>

#include <filesystem>
#include <set>

#include "engine/base/files.h"
#include "engine/base/json_read.h"
#include "engine/store/journal.h"
#include "engine/store/large.h"
#include "engine/store/mail.h"
#include "engine/store/schema.h"
#include "engine/store/sources.h"

namespace engine::store {

namespace {

constexpr int kWaitsMax = 1000;

class Copy {
 public:
  Copy(Database& from, Database& to, const Export& what) : from_(from), to_(to), what_(what) {}

  Result<void> all();

 private:
  Result<void> notes();
  Result<void> whole(const ExportedRun& exported);
  Result<void> row(const ExportedRun& exported, int64_t tail);
  Result<int64_t> journal(const RunRecord& run);
  Result<void> large(const std::string& run);
  Result<void> mail(const std::string& run);
  Result<void> waits(const std::string& run);
  Result<void> tickets(const std::string& run);
  Result<void> owner(int64_t epoch);
  Result<void> sources();
  void note_sources(JsonElement list);
  std::string visible(const std::string& json) const { return what_.visible(json); }

  Database& from_;
  Database& to_;
  const Export& what_;
  std::set<std::string> hashes_;  // of the texts that the runs use
};

Result<void> Copy::all() {
  const Snapshot snapshot(from_);
  Result<void> done = notes();
  for (const ExportedRun& run : what_.runs) {
    if (done) done = run.whole ? whole(run) : row(run, 0);
  }
  return done ? sources() : done;
}

Result<void> Copy::notes() {
  Result<void> done =
      to_.exec("CREATE TABLE export(name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)");
  if (!done) return done;
  Result<Statement> query = to_.prepare("INSERT INTO export(name, value) VALUES(?, ?)");
  if (!query) return fail(query.error());
  for (const auto& [name, value] : what_.notes) {
    if (done = query->bind(name, value).run(); !done) return done;
  }
  return done;
}

Result<void> Copy::whole(const ExportedRun& exported) {
  const std::string& id = exported.run.id;
  Result<int64_t> tail = journal(exported.run);
  if (!tail) return fail(tail.error());
  Result<void> done = row(exported, *tail);
  if (done) done = large(id);
  if (done) done = mail(id);
  if (done) done = waits(id);
  if (done) done = tickets(id);
  return done ? owner(exported.run.owner) : done;
}

Result<void> Copy::row(const ExportedRun& exported, int64_t tail) {
  const RunRecord& run = exported.run;
  Result<Statement> query = to_.prepare(
      "INSERT OR REPLACE INTO run(key, id, runbook, file, state, principal, trigger, params,"
      " dry_run, attempt, owner, created_at, started_at, finished_at, result, error, sources, tail,"
      " parent) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!query) return fail(query.error());
  const std::string params = visible(run.params), result = visible(run.result);
  const std::string error = visible(run.error), trigger = visible(run.trigger);
  const auto text = [](const std::string& json) {
    return json.empty() ? std::nullopt : std::optional<std::string_view>(json);
  };
  const auto number = [](int64_t value) {
    return value == 0 ? std::nullopt : std::optional<int64_t>(value);
  };
  return query
      ->bind(run.key, run.id, run.runbook, run.file, exported.state, run.principal, trigger, params,
             run.dry_run, run.attempt, run.owner, run.created_at_ms, run.started_at_ms,
             number(run.finished_at_ms), text(result), text(error), run.sources, tail,
             number(run.parent))
      .run();
}

// The rows have new numbers; their order is that of the run's own.
Result<int64_t> Copy::journal(const RunRecord& run) {
  int64_t tail = 0;
  Result<void> done;
  const auto copy = [&](std::string_view row) {
    if (!done) return;
    const std::string entries = visible(std::string(row));
    const Result<JsonDocument> document = read_json(entries);
    if (!document) return done = fail(document.error()), void();
    for (const JsonElement entry : simdjson::dom::array(document->root())) {
      if (const auto hash = json_string(entry, "hash")) hashes_.emplace(*hash);
      if (const auto list = json_member(entry, "sources")) note_sources(*list);
    }
    Result<int64_t> added = append_entries(to_, run.key, tail, entries);
    if (!added) return done = fail(added.error()), void();
    tail = *added;
  };
  Result<int64_t> last = read_journal_after(from_, run, 0, copy);
  if (!last) return last;
  if (!done) return fail(done.error());
  const Result<JsonDocument> sources = read_json(run.sources);
  if (sources) note_sources(sources->root());
  return tail;
}

void Copy::note_sources(JsonElement list) {
  if (!list.is_array()) return;
  for (const JsonElement source : simdjson::dom::array(list)) {
    if (const auto hash = json_string(source, "hash")) hashes_.emplace(*hash);
  }
}

// Texts that the program has itself may not be in the store.
Result<void> Copy::sources() {
  for (const std::string& hash : hashes_) {
    Result<std::string> text = source_text(from_, hash);
    if (!text && text.error().code == code::kNotFound) continue;
    if (!text) return fail(text.error());
    if (Result<void> kept = insert_source(to_, hash, *text); !kept) return kept;
  }
  return {};
}

Result<void> Copy::large(const std::string& run) {
  Result<std::vector<std::string>> names = large_names(from_, run);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    Result<std::string> text = read_large(from_, name);
    if (!text) return fail(text.error());
    if (Result<void> kept = keep_large(to_, name, visible(*text)); !kept) return kept;
  }
  return {};
}

Result<void> Copy::mail(const std::string& run) {
  Result<std::vector<Mail>> found = mail_of(from_, run, 0);
  if (!found) return fail(found.error());
  Result<Statement> query = to_.prepare(
      "INSERT INTO mail(id, run, kind, name, data, sender, at) VALUES(?, ?, ?, ?, ?, ?, ?)");
  if (!query) return fail(query.error());
  for (const Mail& one : *found) {
    const std::string data = visible(one.data);
    Result<void> done =
        query->bind(one.id, one.run, one.kind, one.name, data, one.sender, one.at_ms).run();
    if (!done) return done;
  }
  return {};
}

Result<void> Copy::waits(const std::string& run) {
  Result<std::vector<Waiting>> found = list_waiting(from_, run, kWaitsMax);
  if (!found) return fail(found.error());
  for (Waiting& one : *found) {
    one.what = visible(one.what);
    if (Result<void> put = put_waiting(to_, one); !put) return put;
  }
  return {};
}

// Of each lock that the run holds or wants, all that others hold or want too.
Result<void> Copy::tickets(const std::string& run) {
  Result<Statement> query = from_.prepare(
      "SELECT number, lock, run, place, ttl, until, seats FROM ticket WHERE lock IN"
      " (SELECT lock FROM ticket WHERE run = ?)");
  if (!query) return fail(query.error());
  Result<Statement> into = to_.prepare(
      "INSERT OR IGNORE INTO ticket(number, lock, run, place, ttl, until, seats)"
      " VALUES(?, ?, ?, ?, ?, ?, ?)");
  if (!into) return fail(into.error());
  query->bind(run);
  for (;;) {
    Result<bool> found = query->step();
    if (!found) return fail(found.error());
    if (!*found) return {};
    const std::string lock = query->text(1), holder = query->text(2), place = query->text(3);
    const auto until = query->is_null(5) ? std::nullopt : std::optional<int64_t>(query->integer(5));
    Result<void> done = into->bind(query->integer(0), lock, holder, place, query->integer(4), until,
                                   query->integer(6))
                            .run();
    if (!done) return done;
  }
}

// A run's row tells where its journal ends, so that nobody looks behind it.
Result<void> Copy::owner(int64_t epoch) {
  Result<std::optional<Owner>> found = find_owner(from_, epoch);
  if (!found) return fail(found.error());
  if (!*found) return {};
  Result<Statement> query = to_.prepare(
      "INSERT OR IGNORE INTO owner(epoch, pid, since, tails_from) VALUES(?, ?, ?, 1 << 62)");
  if (!query) return fail(query.error());
  return query->bind(epoch, (*found)->pid, (*found)->since_ms).run();
}

Result<void> fill(Database& from, const Export& what, const std::string& file) {
  Result<Database> to = Database::open(file, Database::Access::write);
  if (!to) return fail(to.error());
  Result<void> done = to->exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL; BEGIN");
  if (done) done = make_tables(*to, kExportId);
  if (done) done = Copy(from, *to, what).all();
  return done ? to->exec("COMMIT") : done;
}

Error refused(const std::string& file, Error error) {
  if (error.code == code::kDiskFull) {
    return Error(error.code, "cannot write '" + file + "': its disk is full",
                 "free some space there, or choose another place");
  }
  std::string why = error.message;
  if (error.code == code::kNotFound) why = "its folder does not exist";
  if (error.code == code::kPermissionDenied) why = "permission denied";
  return Error(error.code, "cannot write '" + file + "': " + why, "choose another place");
}

Error no_export(const std::string& file, const std::string& why) {
  return Error(code::kFailed, "'" + file + "' holds no exported run: " + why,
               "`engine export RUN FILE` makes one; what was copied may have been cut short");
}

Result<void> check_whole(Database& db, const std::string& file) {
  Result<Statement> query = db.prepare("PRAGMA quick_check(1)");
  Result<bool> row = query ? query->step() : fail(query.error());
  if (row && *row && query->view(0) == "ok") return {};
  return fail(no_export(file, row ? "it is damaged: " + query->text(0) : "it is damaged"));
}

}  // namespace

Result<void> write_export(Database& from, const Export& what, const std::string& file) {
  std::error_code ignored;
  const auto exists = [&] {
    return fail(code::kAlreadyExists, "'" + file + "' exists already",
                "an export does not replace a file; choose another name");
  };
  if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) return exists();
  const std::string draft = sibling_of(file);
  Result<void> done = create_private(draft);
  if (done) done = fill(from, what, draft);
  if (done) done = publish_file(draft, file);
  unlink(draft.c_str());
  if (done) return done;
  return done.error().code == code::kAlreadyExists ? exists() : fail(refused(file, done.error()));
}

Result<Database> open_export(const std::string& file) {
  std::error_code failed;
  const std::filesystem::file_status status = std::filesystem::status(file, failed);
  if (!std::filesystem::exists(status) && failed.value() != EACCES) {
    return fail(code::kNotFound, "there is no file '" + file + "'",
                "`engine export RUN FILE` makes one; a run of the store is named by its id");
  }
  if (std::filesystem::is_directory(status)) return fail(no_export(file, "it is a folder"));
  Result<Database> db = Database::open(file, Database::Access::read);
  Result<void> known = db ? check_export(*db, file) : fail(db.error());
  if (known) known = check_whole(*db, file);
  if (known) return db;
  const Error& error = known.error();
  if (error.code == code::kPermissionDenied) {
    return fail(error.code, "'" + file + "' cannot be read", "check its owner and its mode");
  }
  const bool ours = error.code == code::kUnsupported || error.message.starts_with("'" + file);
  return fail(ours ? error : no_export(file, "it is damaged, or something else"));
}

Result<std::string> export_note(Database& db, std::string_view name) {
  Result<Statement> query = db.prepare("SELECT value FROM export WHERE name = ?");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(name).step();
  if (!row) return fail(row.error());
  return *row ? query->text(0) : std::string();
}

}  // namespace engine::store
