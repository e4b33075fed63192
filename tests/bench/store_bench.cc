// The journal beside bare SQLite: a commit alone, and many runs at once, all with synchronous=FULL.
#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/id.h"
#include "engine/store/store.h"
#include "tests/bench/bench.h"

using namespace engine;
using namespace engine::bench;

namespace {

constexpr int kLoneCommits = 1000;
constexpr int kRuns = 64;
constexpr int kRowsEach = 1000;
constexpr int kBareGroups = 400;
constexpr int kBareGroupRows = 100;
const std::string kEntries = "[\"" + std::string(196, 'x') + "\"]";

using Clock = std::chrono::steady_clock;
double micros_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double percentile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
}

void check(bool fine) {
  if (!fine) std::abort();
}

// A table of SQLite's own, committed the plain way.
class Bare {
 public:
  explicit Bare(const std::string& folder) {
    check(sqlite3_open((folder + "/bare.db").c_str(), &db_) == SQLITE_OK);
    exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE IF NOT EXISTS journal(id INTEGER PRIMARY KEY, run INTEGER, prev INTEGER,"
        " entries TEXT)");
    const char* sql = "INSERT INTO journal(run, prev, entries) VALUES(1, 1, ?)";
    check(sqlite3_prepare_v2(db_, sql, -1, &insert_, nullptr) == SQLITE_OK);
  }
  ~Bare() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void exec(const char* sql) {
    check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  void insert() {
    sqlite3_bind_text(insert_, 1, kEntries.data(), static_cast<int>(kEntries.size()),
                      SQLITE_STATIC);
    check(sqlite3_step(insert_) == SQLITE_DONE);
    sqlite3_reset(insert_);
  }

 private:
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

std::unique_ptr<store::Store> open_store(Loop& loop, const std::string& folder) {
  store::StoreOptions options;
  options.folder = folder;
  auto opened = store::Store::open(loop, std::move(options));
  check(opened.has_value());
  return std::move(*opened);
}

store::LiveRun start_run(store::Store& store) {
  store::NewRun run;
  run.id = new_run_id();
  run.runbook = "bench";
  return store.start_run(std::move(run), "[]", [](Result<void> done) { check(!!done); });
}

std::vector<double> bare_commits(const std::string& folder) {
  Bare bare(folder);
  std::vector<double> micros;
  for (int i = 0; i < kLoneCommits; ++i) {
    const auto start = Clock::now();
    bare.insert();
    micros.push_back(micros_since(start));
  }
  return micros;
}

// Each commit is asked for when the one before has been answered on the loop.
std::vector<double> our_commits(const std::string& folder) {
  Loop loop;
  auto store = open_store(loop, folder);
  const store::LiveRun run = start_run(*store);
  std::vector<double> micros;
  Clock::time_point start;
  std::function<void()> next = [&] {
    start = Clock::now();
    store->append(run, kEntries, [&](Result<void> done) {
      check(!!done);
      micros.push_back(micros_since(start));
      if (micros.size() < kLoneCommits) next();
    });
  };
  next();
  loop.run();
  return micros;
}

double bare_rows_each_second(const std::string& folder) {
  Bare bare(folder);
  const double seconds = seconds_of([&] {
    for (int group = 0; group < kBareGroups; ++group) {
      bare.exec("BEGIN");
      for (int row = 0; row < kBareGroupRows; ++row) bare.insert();
      bare.exec("COMMIT");
    }
  });
  return kBareGroups * kBareGroupRows / seconds;
}

// 64 runs, each of which waits for its row before it writes the next.
double our_rows_each_second(const std::string& folder) {
  Loop loop;
  auto store = open_store(loop, folder);
  std::vector<std::function<void()>> next(kRuns);
  for (auto& step : next) {
    step = [&store, &step, run = start_run(*store), left = kRowsEach]() mutable {
      if (left-- == 0) return;
      store->append(run, kEntries, [&step](Result<void> done) {
        check(!!done);
        step();
      });
    };
  }
  return kRuns * kRowsEach / seconds_of([&] {
           for (auto& step : next) step();
           loop.run();
         });
}

double milliseconds_to_open(const std::string& folder) {
  Loop loop;
  const auto start = Clock::now();
  auto store = open_store(loop, folder);
  return micros_since(start) / 1000;
}

double milliseconds_to_open_bare(const std::string& folder) {
  const auto start = Clock::now();
  Bare bare(folder);
  return micros_since(start) / 1000;
}

}  // namespace

int main() {
  std::string pattern = (std::filesystem::temp_directory_path() / "engine-bench-XXXXXX").string();
  const std::string folder = mkdtemp(pattern.data());
  const char* bare = "bare SQLite, FULL";
  auto part = [](auto commits, double of_all) {
    return [=] { return percentile(commits(), of_all); };
  };
  auto ours = [&] { return our_commits(folder); };
  auto theirs = [&] { return bare_commits(folder); };
  compare({.name = "journal commit alone, p50", .unit = "us", .peer = bare, .ratio_goal = 1.6},
          part(ours, 0.5), part(theirs, 0.5));
  compare({.name = "journal commit alone, p99", .unit = "us", .peer = bare}, part(ours, 0.99),
          part(theirs, 0.99));
  compare(
      {.name = "journal rows, 64 runs",
       .unit = "/s",
       .peer = "bare SQLite, groups of 100",
       .better = Better::higher,
       .ratio_goal = 0.15,
       .value_goal = 60'000},
      [&] { return our_rows_each_second(folder); }, [&] { return bare_rows_each_second(folder); });
  compare(
      {.name = "opening the store", .unit = "ms", .peer = "bare SQLite"},
      [&] { return milliseconds_to_open(folder); },
      [&] { return milliseconds_to_open_bare(folder); });
  std::filesystem::remove_all(folder);
}
