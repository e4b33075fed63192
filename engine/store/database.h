// One SQLite connection and its prepared statements, with errors in our own words. The only door to
// sqlite3.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace engine::store {

// A value that is no text.
struct Bytes {
  std::string_view bytes;
};

// A prepared statement borrowed from its Database, which must outlive it; destroying it resets the
// statement and gives it back. Columns are counted from 0; views into a column live until the next
// step().
class Statement {
 public:
  struct Owner;  // the Database's side
  Statement(Owner& owner, sqlite3_stmt* handle, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Binds the parameters in order, from the first. Text is not copied: it must live until the last
  // step(). A failed binding is reported by step().
  template <class... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  // True when there is a row.
  Result<bool> step();
  // For statements that answer no rows. Afterwards the statement can be bound and run again.
  Result<void> run();
  // Makes the statement ready to be bound again after rows were read.
  void rewind();

  bool is_null(int column) const;
  int64_t integer(int column) const;
  double number(int column) const;
  std::string_view view(int column) const;
  std::string text(int column) const { return std::string(view(column)); }

 private:
  void bind_one(int index, int64_t value);
  void bind_one(int index, int value) { bind_one(index, static_cast<int64_t>(value)); }
  void bind_one(int index, bool value) { bind_one(index, static_cast<int64_t>(value)); }
  void bind_one(int index, double value);
  void bind_one(int index, std::string_view text);
  void bind_one(int index, Bytes value);
  void bind_one(int index, const std::string& text) { bind_one(index, std::string_view(text)); }
  void bind_one(int index, const char* text) { bind_one(index, std::string_view(text)); }
  void bind_one(int index, std::nullptr_t);
  template <class Value>
  void bind_one(int index, const std::optional<Value>& value) {
    if (value) return bind_one(index, *value);
    bind_one(index, nullptr);
  }

  Owner* owner_;
  sqlite3_stmt* handle_;
  std::string_view sql_;
  int bind_status_ = 0;
};

// A connection is used by one thread at a time. Errors name the file and say what to do next:
// DISK_FULL, PERMISSION_DENIED, CONFLICT (another program holds it), FAILED (damaged, or the disk
// refused).
class Database {
 public:
  enum class Access { read, write, create };

  // `vfs` names an SQLite VFS; empty is the system's own.
  static Result<Database> open(const std::string& file, Access access, const std::string& vfs = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // One or more statements without parameters whose rows do not matter.
  Result<void> exec(const char* sql);
  // Statements are kept by their text and used again; the text must outlive the Database (a
  // literal).
  Result<Statement> prepare(std::string_view sql);
  // Such a statement, prepared once and kept.
  Result<void> run(std::string_view sql);
  // The first column of the first row as a number; for pragmas and counts.
  Result<int64_t> number(std::string_view sql);

  int64_t last_insert_id() const;
  int64_t changes() const;
  bool in_transaction() const;
  bool read_only() const;
  // How long a statement waits for another program that holds the file.
  void set_busy_timeout(int ms);
  // Pages in the write-ahead log after our last commit; 0 before the first.
  int wal_pages() const;
  // Copies committed pages from the write-ahead log home. `passive` takes what can be had without
  // waiting; the others wait for readers, as long as the busy timeout, so that the log starts anew,
  // `truncate` with an empty file. False when somebody was in the way.
  enum class Checkpoint { passive, restart, truncate };
  Result<bool> checkpoint(Checkpoint kind);

 private:
  explicit Database(std::unique_ptr<Statement::Owner> owner);
  std::unique_ptr<Statement::Owner> owner_;
};

// While it lives, all reads see the same state of the database. Does nothing inside a transaction.
class Snapshot {
 public:
  explicit Snapshot(Database& db);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Database* db_;
};

}  // namespace engine::store
