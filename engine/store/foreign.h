// SQLite files that belong to other programs: looked into, mended and copied with care, on worker
// threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace engine::store {

// Ends what a ForeignDatabase is at, from any thread. Outlives it.
class Interrupt {
 public:
  void raise();
  bool raised() const { return raised_; }

 private:
  friend class ForeignDatabase;
  std::atomic<bool> raised_ = false;
  std::mutex mutex_;
  sqlite3* db_ = nullptr;  // guarded by mutex_
};

struct ForeignOptions {
  enum class Access { read, write, create } access = Access::read;
  int busy_timeout_ms = 5000;
};

struct RowLimits {
  int64_t rows = 1000;
  int64_t bytes = 1 << 20;  // of the rows' JSON
};

struct ExecOutcome {
  int64_t changes = 0;
  int64_t last_id = 0;
};

// Nothing of the file is changed but by exec, vacuum and the program's own recovery of a crashed
// write. Errors name the file: NOT_FOUND, CONFLICT (somebody holds it), FAILED (damaged), CANCELLED
// (interrupted), INVALID_ARGUMENT with SQLite's words about the statement.
class ForeignDatabase {
 public:
  static Result<std::unique_ptr<ForeignDatabase>> open(const std::string& path,
                                                       const ForeignOptions& options,
                                                       std::shared_ptr<Interrupt> interrupt);
  ~ForeignDatabase();
  ForeignDatabase(const ForeignDatabase&) = delete;
  ForeignDatabase& operator=(const ForeignDatabase&) = delete;

  // One statement that only reads. `params` is a JSON list (for ?), a map (for :name) or empty.
  // {"columns": [name], "rows": [{name: value}], "truncated": bool}
  Result<std::string> query(const std::string& sql, std::string_view params,
                            const RowLimits& limits);
  // One statement.
  Result<ExecOutcome> exec(const std::string& sql, std::string_view params);
  // Any number of them, all or nothing.
  Result<ExecOutcome> script(const std::string& sql);
  // What is wrong with the file; nothing where all is well.
  Result<std::vector<std::string>> problems(bool quick, int64_t limit);
  Result<void> vacuum();
  // Copies the file page by page while others use it; `to` must not exist.
  Result<void> copy_to(const std::string& to);

 private:
  struct Statement;
  enum class Whose { ours, theirs };
  ForeignDatabase(std::string path, int busy_timeout_ms, std::shared_ptr<Interrupt> interrupt);
  static int on_busy(void* self, int tries);
  static int on_progress(void* self);
  Error error(int status) const;
  Result<Statement> prepare(Whose whose, std::string_view sql, std::string_view* rest) const;
  Result<Statement> prepare_one(const std::string& sql, std::string_view params) const;
  Result<void> run(std::string_view sql);

  std::string path_;
  int busy_timeout_ms_;
  int64_t busy_since_ms_ = 0;
  std::shared_ptr<Interrupt> interrupt_;
  sqlite3* db_ = nullptr;
};

// Binds what the JSON list or map says; the views may be gone afterwards.
Result<void> bind_json(sqlite3_stmt* statement, std::string_view params);
// Appends the statement's current row as a JSON map.
void append_row(std::string& out, sqlite3_stmt* statement, const std::vector<std::string>& columns);

}  // namespace engine::store
