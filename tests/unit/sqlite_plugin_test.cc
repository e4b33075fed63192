// The sqlite plugin on databases that other programs made, use, or broke.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/store/foreign.h"
#include "tests/support/catch.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;

namespace {

struct SqliteWorld : PluginFixture {
  TemporaryFolder folder;
  std::string path = folder.path() + "/app.db";

  std::string args(const std::string& more) const {
    return "{\"path\":\"" + path + "\"" + more + "}";
  }
  Json exec(const std::string& sql, const std::string& more = "") {
    return answer("sqlite.exec", args(",\"sql\":\"" + sql + "\"" + more));
  }
  Json query(const std::string& sql, const std::string& more = "") {
    return answer("sqlite.query", args(",\"sql\":\"" + sql + "\"" + more));
  }
  std::string query_code(const std::string& sql, const std::string& more = "") {
    return code("sqlite.query", args(",\"sql\":\"" + sql + "\"" + more));
  }
  std::string exec_code(const std::string& sql, const std::string& more = "") {
    return code("sqlite.exec", args(",\"sql\":\"" + sql + "\"" + more));
  }
  void make() {
    exec("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, n REAL, b BLOB)", ",\"create\":true");
    exec("INSERT INTO t(name, n) VALUES ('one', 1.5), ('two', NULL)");
  }
};

constexpr const char* kScript = ",\"script\":true";

}  // namespace

TEST_CASE_METHOD(SqliteWorld, "rows are maps in the order of the query", "[sqlite]") {
  make();
  const auto rows = query("SELECT id, name, n AS \\\"$n\\\" FROM t ORDER BY id DESC");

  CHECK(rows.text("/columns/1") == "name");
  CHECK(rows.integer("/rows/0/id") == 2);
  CHECK(rows.text("/rows/1/name") == "one");
  CHECK(rows.number("/rows/1/$$n") == 1.5);
  CHECK(rows.at("/rows/0/$$n").is_null());
  CHECK_FALSE(rows.boolean("/truncated"));
}

TEST_CASE_METHOD(SqliteWorld, "parameters are bound by place and by name, bytes as bytes",
                 "[sqlite]") {
  make();
  const auto done = exec("INSERT INTO t(id, name, b) VALUES (?, ?, ?)",
                         R"(,"params":[7,"it's",{"$bytes":"/w=="}])");
  CHECK(done.integer("/changes") == 1);
  CHECK(done.integer("/last_id") == 7);
  const auto rows =
      query("SELECT name, b, typeof(b) AS kind FROM t WHERE id = :id", R"(,"params":{"id":7})");
  CHECK(rows.text("/rows/0/name") == "it's");
  CHECK(rows.text("/rows/0/b/$bytes") == "/w==");
  CHECK(rows.text("/rows/0/kind") == "blob");
  CHECK(query_code("SELECT ?", R"(,"params":[1,2])") == "INVALID_ARGUMENT");
  CHECK(query_code("SELECT ?") == "INVALID_ARGUMENT");
  CHECK(query_code("SELECT :x", R"(,"params":{"y":1})") == "INVALID_ARGUMENT");
  CHECK(query_code("SELECT ?", R"(,"params":[[1]])") == "INVALID_ARGUMENT");
}

TEST_CASE_METHOD(SqliteWorld, "an answer has bounds and says when it was cut", "[sqlite]") {
  make();
  const auto few = query("SELECT id FROM t", ",\"limit\":1");
  CHECK(few.boolean("/truncated"));
  CHECK(few.integer("/rows/0/id") == 1);
  CHECK_FALSE(few.has("/rows/1"));
  const auto small = query("SELECT name FROM t", ",\"size_limit\":20");
  CHECK(small.boolean("/truncated"));
  CHECK_FALSE(small.has("/rows/1"));
  CHECK_FALSE(query("SELECT id FROM t", ",\"limit\":2").boolean("/truncated"));
}

TEST_CASE_METHOD(SqliteWorld, "a query changes nothing and reaches no other file", "[sqlite]") {
  make();
  CHECK(query_code("DELETE FROM t") == "INVALID_ARGUMENT");
  CHECK(query_code("SELECT 1; SELECT 2") == "INVALID_ARGUMENT");
  CHECK(query_code("ATTACH '/tmp/other.db' AS other") == "INVALID_ARGUMENT");
  CHECK(exec_code("ATTACH '/tmp/other.db' AS other") == "INVALID_ARGUMENT");
  CHECK(query_code("SELEC") == "INVALID_ARGUMENT");
  CHECK(query_code(" -- nothing") == "INVALID_ARGUMENT");
  CHECK(query("SELECT count(*) AS n FROM t; -- the end ").integer("/rows/0/n") == 2);
}

TEST_CASE_METHOD(SqliteWorld, "a script is one transaction", "[sqlite]") {
  make();
  CHECK(exec("INSERT INTO t(name) VALUES ('three'); UPDATE t SET n = 0;", kScript)
            .integer("/changes") == 4);
  CHECK(exec_code("INSERT INTO t(name) VALUES ('four'); INSERT INTO nowhere VALUES (1)", kScript) ==
        "INVALID_ARGUMENT");
  CHECK(exec_code("DELETE FROM t; COMMIT", kScript) == "INVALID_ARGUMENT");
  CHECK(exec_code("BEGIN") == "INVALID_ARGUMENT");
  CHECK(exec_code("DELETE FROM t; DELETE FROM t") == "INVALID_ARGUMENT");
  CHECK(exec_code("INSERT INTO t(id) VALUES (1)") == "CONFLICT");
  CHECK(query("SELECT count(*) AS n FROM t WHERE n = 0").integer("/rows/0/n") == 3);
}

TEST_CASE_METHOD(SqliteWorld, "what is missing, held or damaged is named", "[sqlite]") {
  CHECK(query_code("SELECT 1") == "NOT_FOUND");
  CHECK(exec_code("SELECT 1") == "NOT_FOUND");
  CHECK(code("sqlite.query", R"({"path":"app.db","sql":"SELECT 1"})") == "INVALID_ARGUMENT");
  make();
  {
    auto holder =
        store::ForeignDatabase::open(path, {.access = store::ForeignOptions::Access::write},
                                     std::make_shared<store::Interrupt>());
    REQUIRE(holder.has_value());
    // An exclusive lock lasts as long as the connection.
    REQUIRE((*holder)->exec("PRAGMA locking_mode = EXCLUSIVE", "").has_value());
    REQUIRE((*holder)->exec("DELETE FROM t WHERE id = 99", "").has_value());
    const auto held = call("sqlite.exec", args(R"(,"sql":"DELETE FROM t","busy_timeout":"20ms")"));
    REQUIRE_FALSE(held.has_value());
    CHECK(held.error().code == code::kConflict);
    CHECK(held.error().retryable);
  }
  std::ofstream(path) << std::string(4096, 'x');
  CHECK(query_code("SELECT * FROM t") == "FAILED");
}

TEST_CASE_METHOD(SqliteWorld, "damage is found, and a sound file is called sound", "[sqlite]") {
  make();
  exec("CREATE INDEX by_name ON t(name)");
  const auto sound = answer("sqlite.integrity_check", args(""));
  CHECK(sound.boolean("/ok"));
  CHECK_FALSE(sound.has("/problems/0"));
  {
    // The third page is the index; its entries no longer fit the table's.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2 * 4096 + 4096 - 20);
    file << "zzzzzzzzzzzzzzzzzzzz";
  }
  const auto damaged = answer("sqlite.integrity_check", args(""));
  CHECK_FALSE(damaged.boolean("/ok"));
  CHECK(damaged.has("/problems/0"));
}

TEST_CASE_METHOD(SqliteWorld, "a vacuum gives free space back", "[sqlite]") {
  make();
  exec("INSERT INTO t(b) VALUES (randomblob(1000000))");
  exec("DELETE FROM t WHERE b IS NOT NULL");
  const auto done = answer("sqlite.vacuum", args(""));
  CHECK(done.integer("/size_before") > 1'000'000);
  CHECK(done.integer("/size_after") < 50'000);
}

TEST_CASE_METHOD(SqliteWorld, "a backup is a whole database, and replaces nothing unasked",
                 "[sqlite]") {
  make();
  exec("PRAGMA journal_mode = WAL");
  const std::string to = folder.path() + "/copy.db";
  const auto done = answer("sqlite.backup", args(",\"to\":\"" + to + "\""));
  CHECK(done.text("/path") == to);
  CHECK(done.integer("/bytes") == static_cast<int64_t>(std::filesystem::file_size(to)));
  CHECK(code("sqlite.backup", args(",\"to\":\"" + to + "\"")) == "ALREADY_EXISTS");
  exec("DELETE FROM t");
  const auto rows = answer("sqlite.query", "{\"path\":\"" + to + "\",\"sql\":\"SELECT * FROM t\"}");
  CHECK(rows.has("/rows/1"));
  CHECK(code("sqlite.backup", args(",\"overwrite\":true,\"to\":\"" + to + "\"")) == "none");
  CHECK(code("sqlite.backup", args(R"(,"to":"/nonexistent/copy.db")")) == "NOT_FOUND");
  const std::string itself = args(",\"overwrite\":true,\"to\":\"" + path + "\"");
  CHECK(code("sqlite.backup", itself) == "INVALID_ARGUMENT");
  int temporary = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    temporary += entry.path().string().ends_with(".tmp");
  }
  CHECK(temporary == 0);
}

TEST_CASE_METHOD(SqliteWorld, "work that is given up ends early", "[sqlite]") {
  make();
  const auto found = registry.find("sqlite.query");
  REQUIRE(found.has_value());
  ops::CallInput input;
  input.operation = "sqlite.query";
  input.args = *ops::check_args(
      **found,
      args(
          R"(,"sql":"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c")"));
  input.timeout = Millis(60'000);
  TaskPtr task = (*found)->start(std::move(input), [](Result<std::string>) { FAIL("answered"); });
  loop.defer([&] { task.reset(); });
  loop.run();  // returns only because the endless query ended
}
