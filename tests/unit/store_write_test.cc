// The writer: order, groups, errors, and what closing promises.
#include <algorithm>
#include <atomic>
#include <thread>

#include "engine/store/journal.h"
#include "engine/store/state.h"
#include "tests/support/store_fixture.h"

using namespace engine;
using namespace engine::store;

TEST_CASE_METHOD(StoreFixture, "writes are carried out and answered in the order of the calls") {
  open();
  std::vector<int> done, answered;
  for (int i = 0; i < 500; ++i) {
    store->write(
        [&done, i](Transaction&) -> Result<void> {
          done.push_back(i);
          return {};
        },
        [&answered, i](Result<void> result) {
          if (result) answered.push_back(i);
        });
  }
  loop.run();

  REQUIRE(answered.size() == 500);
  CHECK(std::is_sorted(done.begin(), done.end()));
  CHECK(std::is_sorted(answered.begin(), answered.end()));
}

TEST_CASE_METHOD(StoreFixture, "a job that fails is undone alone") {
  open();
  auto [live, id] = start();
  auto set = [](const char* name, bool fails, LiveRun run) -> Job {
    return [=](Transaction& transaction) -> Result<void> {
      Result<int64_t> version = set_state(transaction.db(), "s", name, "1", 0, 0);
      if (!version) return fail(version.error());
      if (Result<void> done = transaction.append(run, "[\"" + std::string(name) + "\"]"); !done) {
        return done;
      }
      if (fails) return fail(code::kConflict, "no");
      return {};
    };
  };
  Answer first, second, third;
  store->write(set("a", false, live), first.committed());
  store->write(set("b", true, live), second.committed());
  store->write(set("c", false, live), third.committed());
  loop.run();

  CHECK(first.result->has_value());
  CHECK(second.result->error().code == code::kConflict);
  CHECK(third.result->has_value());
  CHECK(list_state(reader(), "s", "", 10, 0)->size() == 2);
  REQUIRE(finish(live));
  CHECK(*read_journal(reader(), *find_run(reader(), id)) ==
        R"([{"t":"start"},"a","c",{"t":"end"}])");
}

TEST_CASE_METHOD(StoreFixture, "closing writes what is queued and gives the answers") {
  open();
  auto [live, id] = start();
  int answers = 0;
  for (int i = 0; i < 100; ++i) store->append(live, "[1]", [&](Result<void>) { ++answers; });
  store->close();
  CHECK(answers == 100);

  store->append(live, "[2]", [&](Result<void>) { ++answers; });
  loop.run();
  CHECK(answers == 100);
}

TEST_CASE_METHOD(StoreFixture, "a destroyed store has written everything and answers no more") {
  open();
  auto [live, id] = start();
  int answers = 0;
  for (int i = 0; i < 100; ++i) store->append(live, "[1]", [&](Result<void>) { ++answers; });
  store.reset();
  loop.run();
  CHECK(answers == 0);

  open();
  int rows = 0;
  REQUIRE(
      read_journal_after(reader(), *find_run(reader(), id), 0, [&](std::string_view) { ++rows; }));
  CHECK(rows == 101);
}

TEST_CASE_METHOD(StoreFixture, "an answer may destroy the store") {
  open();
  auto [live, id] = start();
  int answers = 0;
  for (int i = 0; i < 10; ++i) {
    store->append(live, "[1]", [&](Result<void>) {
      ++answers;
      store.reset();
    });
  }
  loop.run();
  CHECK(answers == 1);
}

TEST_CASE_METHOD(StoreFixture, "an answer may write again") {
  open();
  auto [live, id] = start();
  int left = 50;
  std::function<void()> again = [&] {
    store->append(live, "[1]", [&](Result<void> result) {
      if (result && --left > 0) again();
    });
  };
  again();
  loop.run();
  CHECK(left == 0);
}

TEST_CASE_METHOD(StoreFixture, "the write-ahead log stays bounded under load beside busy readers") {
  open();
  auto [live, id] = start();
  std::atomic<bool> done = false;
  auto read = [&] {
    Result<Database> db = Database::open(folder + "/engine.db", Database::Access::read);
    while (!done) {
      Snapshot reading(*db);
      (void)db->number("SELECT count(*) FROM run");
      (void)db->number("SELECT sum(length(entries)) FROM journal WHERE id < 200");
    }
  };
  std::thread first(read), second(read);
  const std::string entries = "[\"" + std::string(100'000, 'x') + "\"]";
  uintmax_t longest = 0;
  int written = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 50; ++i) store->append(live, entries);
    store->append(live, entries, [&](Result<void> result) { written += result.has_value(); });
    loop.run();
    longest = std::max(longest, std::filesystem::file_size(folder + "/engine.db-wal"));
  }
  done = true;
  first.join();
  second.join();

  CHECK(written == 40);
  CHECK(longest <= 64u << 20);
  store.reset();
  CHECK(std::filesystem::file_size(folder + "/engine.db-wal") == 0);
}
