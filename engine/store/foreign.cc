// Every connection is fresh, defensive, and gives way when it is interrupted.
#include "engine/store/foreign.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/base/clock.h"
#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

namespace engine::store {

namespace {

constexpr int kBusyPauseMs = 10;
constexpr int kOpcodesBetweenLooks = 5000;
constexpr int kCopyPages = 256;  // copied before others get a turn

int64_t boot_ms() { return system_clock().boot_ns() / 1'000'000; }

// A statement of the caller's reaches no other file, and begins and ends no transaction.
int keep_inside(void*, int action, const char*, const char*, const char*, const char*) {
  const bool outside =
      action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_TRANSACTION;
  return outside ? SQLITE_DENY : SQLITE_OK;
}

std::string quoted(const std::string& path) { return "'" + path + "'"; }

}  // namespace

struct ForeignDatabase::Statement {
  explicit Statement(sqlite3_stmt* given) : handle(given) {}
  Statement(Statement&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement() { sqlite3_finalize(handle); }
  sqlite3_stmt* handle;
};

void Interrupt::raise() {
  raised_ = true;
  const std::lock_guard lock(mutex_);
  if (db_) sqlite3_interrupt(db_);
}

ForeignDatabase::ForeignDatabase(std::string path, int busy_timeout_ms,
                                 std::shared_ptr<Interrupt> interrupt)
    : path_(std::move(path)), busy_timeout_ms_(busy_timeout_ms), interrupt_(std::move(interrupt)) {}

ForeignDatabase::~ForeignDatabase() {
  {
    const std::lock_guard lock(interrupt_->mutex_);
    interrupt_->db_ = nullptr;
  }
  sqlite3_close_v2(db_);
}

Result<std::unique_ptr<ForeignDatabase>> ForeignDatabase::open(
    const std::string& path, const ForeignOptions& options, std::shared_ptr<Interrupt> interrupt) {
  using Access = ForeignOptions::Access;
  if (!path.starts_with('/')) {
    return fail(code::kInvalidArgument, quoted(path) + " is no absolute path");
  }
  struct stat found {};
  if (stat(path.c_str(), &found) != 0 && (errno != ENOENT || options.access != Access::create)) {
    return fail(errno_error(errno, "cannot open the database " + path));
  }
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options.access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (options.access == Access::create) flags |= SQLITE_OPEN_CREATE;
  std::unique_ptr<ForeignDatabase> opened(
      new ForeignDatabase(path, options.busy_timeout_ms, std::move(interrupt)));
  const int status = sqlite3_open_v2(path.c_str(), &opened->db_, flags, nullptr);
  if (status != SQLITE_OK) return fail(opened->error(status));
  sqlite3* db = opened->db_;
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_busy_handler(db, on_busy, opened.get());
  sqlite3_progress_handler(db, kOpcodesBetweenLooks, on_progress, opened.get());
  const std::lock_guard lock(opened->interrupt_->mutex_);
  opened->interrupt_->db_ = db;
  return opened;
}

int ForeignDatabase::on_busy(void* self, int tries) {
  auto* database = static_cast<ForeignDatabase*>(self);
  if (tries == 0) database->busy_since_ms_ = boot_ms();
  const int64_t waited = boot_ms() - database->busy_since_ms_;
  if (database->interrupt_->raised() || waited >= database->busy_timeout_ms_) return 0;
  sqlite3_sleep(kBusyPauseMs);
  return 1;
}

int ForeignDatabase::on_progress(void* self) {
  return static_cast<ForeignDatabase*>(self)->interrupt_->raised();
}

Error ForeignDatabase::error(int status) const {
  const std::string detail = db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(status);
  const std::string file = "the database " + quoted(path_);
  if (interrupt_->raised())
    return Error(code::kCancelled, "the work on " + file + " was cancelled");
  switch (status & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: {
      Error held(code::kConflict, "another program holds " + file,
                 "give it more time (busy_timeout), or end what has it open (fuser tells)");
      held.retryable = true;
      return held;
    }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(code::kFailed, file + " is damaged or no SQLite file: " + detail,
                   "sqlite.integrity_check tells more; keep a copy before mending it");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Error(code::kPermissionDenied, file + " cannot be used: " + detail,
                   "check the owner and the mode of the file and its folder");
    case SQLITE_AUTH:
      return Error(code::kInvalidArgument,
                   "a statement may not attach other files, vacuum, or begin and end transactions",
                   "a script is one transaction; sqlite.vacuum and sqlite.backup do the rest");
    case SQLITE_FULL:
      return Error(code::kDiskFull, "the disk that holds " + file + " is full");
    case SQLITE_IOERR:
      return Error(code::kFailed, "the disk failed a read or a write of " + file + ": " + detail);
    case SQLITE_CONSTRAINT:
      return Error(code::kConflict, file + " does not allow that: " + detail);
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return Error(code::kResourceExhausted, "too much for " + file + ": " + detail);
    default:
      return Error(code::kInvalidArgument, "SQLite does not take the statement: " + detail);
  }
}

// The first statement of the text; a null handle where there is none.
Result<ForeignDatabase::Statement> ForeignDatabase::prepare(Whose whose, std::string_view sql,
                                                            std::string_view* rest) const {
  if (interrupt_->raised()) return fail(error(SQLITE_INTERRUPT));
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  sqlite3_set_authorizer(db_, whose == Whose::theirs ? keep_inside : nullptr, nullptr);
  const int status =
      sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &handle, &tail);
  if (status != SQLITE_OK) return fail(error(status));
  if (rest) *rest = sql.substr(static_cast<size_t>(tail - sql.data()));
  return Statement(handle);
}

Result<ForeignDatabase::Statement> ForeignDatabase::prepare_one(const std::string& sql,
                                                                std::string_view params) const {
  std::string_view rest;
  Result<Statement> statement = prepare(Whose::theirs, sql, &rest);
  if (!statement) return statement;
  if (!statement->handle) return fail(code::kInvalidArgument, "there is no statement in sql");
  // Comments and blanks make no second one.
  Result<Statement> second = prepare(Whose::theirs, rest, nullptr);
  if (!second || second->handle) {
    return fail(code::kInvalidArgument, "sql holds more than one statement",
                "give them one by one, or to sqlite.exec with script = true");
  }
  if (Result<void> bound = bind_json(statement->handle, params); !bound) {
    return fail(bound.error());
  }
  return statement;
}

Result<void> ForeignDatabase::run(std::string_view sql) {
  Result<Statement> statement = prepare(Whose::ours, sql, nullptr);
  if (!statement) return fail(statement.error());
  int status = SQLITE_ROW;
  while (status == SQLITE_ROW) status = sqlite3_step(statement->handle);
  if (status != SQLITE_DONE) return fail(error(status));
  return {};
}

Result<std::string> ForeignDatabase::query(const std::string& sql, std::string_view params,
                                           const RowLimits& limits) {
  Result<Statement> statement = prepare_one(sql, params);
  if (!statement) return fail(statement.error());
  sqlite3_stmt* handle = statement->handle;
  if (!sqlite3_stmt_readonly(handle)) {
    return fail(code::kInvalidArgument, "sqlite.query only reads, and this statement changes",
                "give it to sqlite.exec");
  }
  std::vector<std::string> columns;
  for (int i = 0; i < sqlite3_column_count(handle); ++i) {
    columns.emplace_back(sqlite3_column_name(handle, i));
  }
  std::string rows;
  bool truncated = false;
  int64_t count = 0;
  int status = sqlite3_step(handle);
  for (; status == SQLITE_ROW; status = sqlite3_step(handle)) {
    const size_t before = rows.size();
    if (count > 0) rows += ',';
    append_row(rows, handle, columns);
    truncated = count >= limits.rows || static_cast<int64_t>(rows.size()) > limits.bytes;
    if (truncated) {
      rows.resize(before);
      break;
    }
    ++count;
  }
  if (status != SQLITE_DONE && !truncated) return fail(error(status));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("columns").begin_array();
  for (const std::string& column : columns) json.string(column);
  json.end_array().field_raw("rows", "[" + rows + "]").field("truncated", truncated).end_object();
  return out;
}

Result<ExecOutcome> ForeignDatabase::exec(const std::string& sql, std::string_view params) {
  Result<Statement> statement = prepare_one(sql, params);
  if (!statement) return fail(statement.error());
  const int64_t before = sqlite3_total_changes64(db_);
  int status = SQLITE_ROW;
  while (status == SQLITE_ROW) status = sqlite3_step(statement->handle);
  if (status != SQLITE_DONE) return fail(error(status));
  return ExecOutcome{sqlite3_total_changes64(db_) - before, sqlite3_last_insert_rowid(db_)};
}

Result<ExecOutcome> ForeignDatabase::script(const std::string& sql) {
  const int64_t before = sqlite3_total_changes64(db_);
  Result<void> done = run("BEGIN IMMEDIATE");
  std::string_view rest = sql;
  while (done && !rest.empty()) {
    Result<Statement> statement = prepare(Whose::theirs, rest, &rest);
    if (!statement) return fail(statement.error());  // closing the file takes everything back
    if (!statement->handle) continue;
    int status = SQLITE_ROW;
    while (status == SQLITE_ROW) status = sqlite3_step(statement->handle);
    if (status != SQLITE_DONE) done = fail(error(status));
  }
  if (done) done = run("COMMIT");
  if (!done) return fail(done.error());
  return ExecOutcome{sqlite3_total_changes64(db_) - before, sqlite3_last_insert_rowid(db_)};
}

Result<std::vector<std::string>> ForeignDatabase::problems(bool quick, int64_t limit) {
  const std::string pragma = quick ? "PRAGMA quick_check(" : "PRAGMA integrity_check(";
  Result<Statement> statement = prepare(Whose::ours, pragma + std::to_string(limit) + ")", nullptr);
  if (!statement) return fail(statement.error());
  std::vector<std::string> found;
  int status = sqlite3_step(statement->handle);
  for (; status == SQLITE_ROW; status = sqlite3_step(statement->handle)) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement->handle, 0));
    if (text && std::string_view(text) != "ok") found.emplace_back(text);
  }
  if (status != SQLITE_DONE) return fail(error(status));
  // An interrupted check ends early without a word.
  if (interrupt_->raised()) return fail(error(SQLITE_INTERRUPT));
  return found;
}

Result<void> ForeignDatabase::vacuum() { return run("VACUUM"); }

Result<void> ForeignDatabase::copy_to(const std::string& to) {
  sqlite3* target = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE |
                    SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE;
  int status = sqlite3_open_v2(to.c_str(), &target, flags, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> closed(target, sqlite3_close_v2);
  if (status != SQLITE_OK) {
    return fail(errno_error(sqlite3_system_errno(target), "cannot write the copy " + to));
  }
  sqlite3_backup* backup = sqlite3_backup_init(target, "main", db_, "main");
  if (!backup) return fail(code::kFailed, "cannot write the copy " + quoted(to));
  const int64_t start = boot_ms();
  int64_t last = start;
  do {
    status = sqlite3_backup_step(backup, kCopyPages);
    const bool busy = (status & 0xff) == SQLITE_BUSY || (status & 0xff) == SQLITE_LOCKED;
    if (!busy) last = boot_ms();
    if (busy && boot_ms() - last < busy_timeout_ms_) {
      sqlite3_sleep(kBusyPauseMs);
      status = SQLITE_OK;
    }
    if (interrupt_->raised()) status = SQLITE_INTERRUPT;
  } while (status == SQLITE_OK);
  const int finished = sqlite3_backup_finish(backup);
  if (status == SQLITE_DONE && finished == SQLITE_OK) return {};
  if ((status & 0xff) == SQLITE_FULL) {
    return fail(code::kDiskFull, "the disk that would hold the copy " + quoted(to) + " is full");
  }
  return fail(error(status == SQLITE_DONE ? finished : status));
}

}  // namespace engine::store
