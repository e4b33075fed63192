// SQLite behind our own types. Every status code becomes words here and nowhere else.
#include "engine/store/database.h"

#include <sqlite3.h>

#include <cassert>
#include <cerrno>
#include <unordered_map>
#include <vector>

namespace engine::store {

struct Statement::Owner {
  std::string file;
  sqlite3* db = nullptr;
  int wal_pages = 0;
  std::unordered_map<std::string_view, std::vector<sqlite3_stmt*>> idle;

  ~Owner() {
    for (auto& [sql, statements] : idle) {
      for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
    }
    sqlite3_close_v2(db);
  }
  Error error(int status) const;
};

namespace {

constexpr int kBusyTimeoutMs = 5000;

Error disk_full(const std::string& file) {
  return Error(code::kDiskFull, "the disk that holds the store '" + file + "' is full",
               "free some space there, or choose another folder with --state-dir");
}

Error not_permitted(const std::string& file, std::string_view why) {
  return Error(code::kPermissionDenied,
               "the store '" + file + "' cannot be used: " + std::string(why),
               "check the owner and the mode of the folder and its files, or choose another folder "
               "with --state-dir");
}

Error damaged(const std::string& file, const char* detail) {
  return Error(code::kFailed, "the store '" + file + "' is damaged: " + detail,
               "keep a copy, then try `sqlite3 engine.db .recover | sqlite3 recovered.db`, or move "
               "the file away to start with an empty store");
}

bool is_full(int errnum) { return errnum == ENOSPC || errnum == EDQUOT; }
bool is_refusal(int errnum) { return errnum == EACCES || errnum == EPERM || errnum == EROFS; }

Error refused_by_disk(const std::string& file, int status) {
  const bool sync = status == SQLITE_IOERR_FSYNC || status == SQLITE_IOERR_DIR_FSYNC;
  return Error(code::kFailed,
               sync ? "the disk did not confirm a write to the store '" + file + "' (fsync failed)"
                    : "the disk failed a read or a write of the store '" + file + "'",
               "look for disk errors in the kernel's log (dmesg) before running anything else");
}

Error database_error(const std::string& file, sqlite3* db, int status) {
  const int errnum = db ? sqlite3_system_errno(db) : 0;
  const char* detail = db ? sqlite3_errmsg(db) : sqlite3_errstr(status);
  switch (status & 0xff) {
    case SQLITE_FULL:
      return disk_full(file);
    case SQLITE_IOERR:
      if (is_full(errnum) || status == SQLITE_IOERR_SHMSIZE) return disk_full(file);
      if (status == SQLITE_IOERR_NOMEM) break;
      return refused_by_disk(file, status);
    case SQLITE_CANTOPEN:
      if (is_full(errnum)) return disk_full(file);
      return not_permitted(file, is_refusal(errnum) ? "permission denied" : "it cannot be opened");
    case SQLITE_READONLY:
      return not_permitted(file, "it is read-only");
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return not_permitted(file, "permission denied");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(file, detail);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(code::kConflict, "another program holds the store '" + file + "'",
                   "end what else has the file open (`fuser " + file + "` tells)");
    case SQLITE_CONSTRAINT:
      return Error(code::kAlreadyExists, "the store '" + file + "' has that already: " + detail);
    case SQLITE_TOOBIG:
      return Error(code::kResourceExhausted, "a value is too big for the store '" + file + "'");
  }
  if ((status & 0xff) == SQLITE_NOMEM || status == SQLITE_IOERR_NOMEM) {
    return Error(code::kResourceExhausted, "no memory for the store '" + file + "'");
  }
  return Error(code::kInternal, "the store '" + file + "' answered: " + detail);
}

int count_wal_pages(void* count, sqlite3*, const char*, int pages) {
  *static_cast<int*>(count) = pages;
  return SQLITE_OK;
}

}  // namespace

Error Statement::Owner::error(int status) const { return database_error(file, db, status); }

Statement::Statement(Owner& owner, sqlite3_stmt* handle, std::string_view sql)
    : owner_(&owner), handle_(handle), sql_(sql) {}

Statement::Statement(Statement&& other) noexcept
    : owner_(other.owner_),
      handle_(std::exchange(other.handle_, nullptr)),
      sql_(other.sql_),
      bind_status_(other.bind_status_) {}

Statement::~Statement() {
  if (!handle_) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  owner_->idle[sql_].push_back(handle_);
}

Result<bool> Statement::step() {
  if (bind_status_ != SQLITE_OK) return fail(owner_->error(bind_status_));
  const int status = sqlite3_step(handle_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  Error error = owner_->error(sqlite3_extended_errcode(owner_->db));
  sqlite3_reset(handle_);
  return fail(std::move(error));
}

void Statement::rewind() {
  sqlite3_reset(handle_);
  bind_status_ = SQLITE_OK;
}

Result<void> Statement::run() {
  Result<bool> row = step();
  rewind();
  if (!row) return fail(row.error());
  return {};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}
int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double Statement::number(int column) const { return sqlite3_column_double(handle_, column); }
std::string_view Statement::view(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return {text ? text : "", static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

void Statement::bind_one(int index, int64_t value) {
  if (int status = sqlite3_bind_int64(handle_, index, value)) bind_status_ = status;
}
void Statement::bind_one(int index, double value) {
  if (int status = sqlite3_bind_double(handle_, index, value)) bind_status_ = status;
}
void Statement::bind_one(int index, std::string_view text) {
  const char* data = text.data() ? text.data() : "";
  const int status =
      sqlite3_bind_text64(handle_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (status) bind_status_ = status;
}
void Statement::bind_one(int index, Bytes value) {
  const int status =
      sqlite3_bind_blob64(handle_, index, value.bytes.data(), value.bytes.size(), SQLITE_STATIC);
  if (status) bind_status_ = status;
}
void Statement::bind_one(int index, std::nullptr_t) {
  if (int status = sqlite3_bind_null(handle_, index)) bind_status_ = status;
}

Database::Database(std::unique_ptr<Statement::Owner> owner) : owner_(std::move(owner)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& file, Access access, const std::string& vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE;
  if (access == Access::create) flags |= SQLITE_OPEN_CREATE;
  auto owner = std::make_unique<Statement::Owner>();
  owner->file = file;
  const int status =
      sqlite3_open_v2(file.c_str(), &owner->db, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (status != SQLITE_OK) return fail(owner->error(status));
  sqlite3_busy_timeout(owner->db, kBusyTimeoutMs);
  // Our own count of the log's pages takes the place of SQLite's checkpoint inside COMMIT; and the
  // last one to close leaves the log, so that a short process does not pay for a checkpoint.
  sqlite3_wal_hook(owner->db, count_wal_pages, &owner->wal_pages);
  sqlite3_db_config(owner->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  Database db(std::move(owner));
  if (access == Access::read) {
    if (Result<void> done = db.exec("PRAGMA query_only = 1"); !done) return fail(done.error());
  }
  return db;
}

Result<void> Database::exec(const char* sql) {
  const int status = sqlite3_exec(owner_->db, sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return fail(owner_->error(status));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  auto& idle = owner_->idle[sql];
  if (!idle.empty()) {
    sqlite3_stmt* handle = idle.back();
    idle.pop_back();
    return Statement(*owner_, handle, sql);
  }
  sqlite3_stmt* handle = nullptr;
  const int status = sqlite3_prepare_v3(owner_->db, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (status != SQLITE_OK) return fail(owner_->error(status));
  return Statement(*owner_, handle, sql);
}

Result<void> Database::run(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return fail(statement.error());
  return statement->run();
}

Result<int64_t> Database::number(std::string_view sql) {
  Result<Statement> query = prepare(sql);
  if (!query) return fail(query.error());
  Result<bool> row = query->step();
  if (!row) return fail(row.error());
  return *row ? query->integer(0) : 0;
}

int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(owner_->db); }
int64_t Database::changes() const { return sqlite3_changes64(owner_->db); }
bool Database::in_transaction() const { return !sqlite3_get_autocommit(owner_->db); }
bool Database::read_only() const { return sqlite3_db_readonly(owner_->db, "main") == 1; }
void Database::set_busy_timeout(int ms) { sqlite3_busy_timeout(owner_->db, ms); }
int Database::wal_pages() const { return owner_->wal_pages; }

Result<bool> Database::checkpoint(Checkpoint kind) {
  const int mode = kind == Checkpoint::passive   ? SQLITE_CHECKPOINT_PASSIVE
                   : kind == Checkpoint::restart ? SQLITE_CHECKPOINT_RESTART
                                                 : SQLITE_CHECKPOINT_TRUNCATE;
  int logged = 0, copied = 0;
  const int status = sqlite3_wal_checkpoint_v2(owner_->db, nullptr, mode, &logged, &copied);
  if ((status & 0xff) == SQLITE_BUSY) return false;
  if (status != SQLITE_OK) return fail(owner_->error(status));
  return logged == copied;
}

Snapshot::Snapshot(Database& db) : db_(db.in_transaction() ? nullptr : &db) {
  if (db_ && !db_->exec("BEGIN")) db_ = nullptr;
}
Snapshot::~Snapshot() {
  if (db_) (void)db_->exec("COMMIT");
}

}  // namespace engine::store
