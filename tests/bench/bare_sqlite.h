// SQLite as bare as it gets, for comparison: rows of 200 bytes into one table, synchronous=FULL,
// commits in groups.
#pragma once

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace engine::bench {

class BareSqlite {
 public:
  explicit BareSqlite(const std::string& file) {
    require(sqlite3_open(file.c_str(), &db_));
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    run("CREATE TABLE journal(id INTEGER PRIMARY KEY, run INTEGER, prev INTEGER, entries TEXT)");
    require(sqlite3_prepare_v2(db_, "INSERT INTO journal(run, prev, entries) VALUES(1, 1, ?)", -1,
                               &insert_, nullptr));
    sqlite3_bind_text(insert_, 1, row_.data(), static_cast<int>(row_.size()), SQLITE_STATIC);
  }
  ~BareSqlite() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }
  BareSqlite(const BareSqlite&) = delete;
  BareSqlite& operator=(const BareSqlite&) = delete;

  void commit_group(int rows) {
    run("BEGIN IMMEDIATE");
    for (int i = 0; i < rows; ++i) {
      sqlite3_step(insert_);
      require(sqlite3_reset(insert_));
    }
    run("COMMIT");
  }

 private:
  void run(const char* sql) { require(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  void require(int status) {
    if (status == SQLITE_OK) return;
    std::fprintf(stderr, "bench: sqlite: %s\n", sqlite3_errmsg(db_));
    std::exit(1);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  const std::string row_ = std::string(200, 'x');
};

}  // namespace engine::bench
