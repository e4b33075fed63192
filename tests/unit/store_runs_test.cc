// The tables of runs, sources and the journal, through the store.
#include "engine/store/journal.h"
#include "engine/store/runs.h"
#include "engine/store/sources.h"
#include "tests/support/store_fixture.h"

using namespace engine;
using namespace engine::store;

TEST_CASE_METHOD(StoreFixture, "a run is found by any unique prefix of its id") {
  open();
  NewRun first = new_run("disk");
  first.id = "7k3mq9x2f4ab";
  NewRun second = new_run("memory");
  second.id = "7k3zz9x2f4ab";
  start(first);
  start(second);

  CHECK(find_run(reader(), "7k3m")->runbook == "disk");
  CHECK(find_run(reader(), "7K3Z")->runbook == "memory");
  const Result<RunRecord> both = find_run(reader(), "7k3");
  REQUIRE_FALSE(both);
  CHECK(both.error().code == code::kConflict);
  CHECK(both.error().message ==
        "more than one run begins with '7k3': 7k3zz9x2f4ab (memory), 7k3mq9x2f4ab (disk)");
  CHECK(find_run(reader(), "zz").error().code == code::kNotFound);
  CHECK(find_run(reader(), "").error().code == code::kInvalidArgument);
}

TEST_CASE_METHOD(StoreFixture, "a run's row says how it began and how it ended") {
  open();
  NewRun run = new_run();
  run.params = R"({"path":"/tmp"})";
  run.dry_run = true;
  run.sources = {{"quickstart", "aa", std::make_shared<std::string>("return 1"), "/q.lua"},
                 {"std.units", "bb", std::make_shared<std::string>("return 2")}};
  auto [live, id] = start(run);

  RunRecord running = *find_run(reader(), id);
  CHECK(running.state == "running");
  CHECK(running.params == R"({"path":"/tmp"})");
  CHECK(running.dry_run);
  CHECK(running.finished_at_ms == 0);
  CHECK(running.sources ==
        R"([{"name":"quickstart","hash":"aa","file":"/q.lua"},{"name":"std.units","hash":"bb"}])");
  CHECK(*source_text(reader(), "bb") == "return 2");
  CHECK(source_text(reader(), "cc").error().code == code::kNotFound);
  CHECK(store->state_of(running) == "running");

  REQUIRE(finish(live));
  RunRecord ended = *find_run(reader(), id);
  CHECK(ended.state == "succeeded");
  CHECK(ended.finished_at_ms == 2000);
  CHECK(ended.result == R"({"ok":true})");
  CHECK(ended.error.empty());
  CHECK(*read_journal(reader(), ended) == R"([{"t":"start"},{"t":"end"}])");
}

TEST_CASE_METHOD(StoreFixture, "runs are listed newest first, by page and by filter") {
  open();
  for (int i = 0; i < 10; ++i) {
    NewRun run = new_run(i % 2 ? "odd" : "even");
    run.created_at_ms = i;
    run.trigger = i < 5 ? R"({"kind":"person"})" : R"({"kind":"schedule"})";
    run.principal = i == 7 ? "token:ci" : "unix:ops";
    auto [live, id] = start(run);
    if (i >= 8) {
      REQUIRE(finish(live, "failed"));
    }
  }
  auto count = [&](RunFilter filter) { return list_runs(reader(), filter)->size(); };

  CHECK(count({}) == 10);
  CHECK(count({.runbook = "odd"}) == 5);
  CHECK(count({.state = "failed"}) == 2);
  CHECK(count({.principal = "token:ci"}) == 1);
  CHECK(count({.trigger_kind = "schedule"}) == 5);
  CHECK(count({.since_ms = 3, .until_ms = 6}) == 3);
  const auto page = *list_runs(reader(), {.limit = 4});
  REQUIRE(page.size() == 4);
  CHECK(page[0].created_at_ms == 9);
  const auto next = *list_runs(reader(), {.before_key = page[3].key, .limit = 4});
  CHECK(next[0].created_at_ms == 5);
}

TEST_CASE_METHOD(StoreFixture, "a run whose id is taken is refused, and nothing of it is kept") {
  open();
  NewRun run = new_run();
  start(run);

  Answer started, appended, finished;
  const LiveRun twin = store->start_run(run, "[1]", started.committed());
  store->append(twin, "[2]", appended.committed());
  store->finish_run(twin, {"failed", 1, "", ""}, "[3]", finished.committed());
  loop.run();

  CHECK(started.result->error().code == code::kAlreadyExists);
  CHECK(appended.result->error().code == code::kAlreadyExists);
  CHECK(finished.result->error().code == code::kAlreadyExists);
  CHECK(list_runs(reader(), {})->size() == 1);
}

TEST_CASE_METHOD(StoreFixture, "a live run's journal is found among 100,000 rows of others") {
  open();
  auto [quiet, quiet_id] = start();
  auto [busy, busy_id] = start();
  REQUIRE(append(quiet, R"([{"n":1}])"));
  for (int i = 0; i < 100'000; ++i) store->append(busy, R"([{"n":2}])");
  REQUIRE(append(quiet, R"([{"n":3}])"));
  for (int i = 0; i < 5'000; ++i) store->append(busy, R"([{"n":4}])");
  REQUIRE(append(busy, "[5]"));

  const RunRecord run = *find_run(reader(), quiet_id);
  CHECK(*read_journal(reader(), run) == R"([{"t":"start"},{"n":1},{"n":3}])");
  const RunRecord other = *find_run(reader(), busy_id);
  int rows = 0;
  REQUIRE(read_journal_after(reader(), other, 0, [&](std::string_view) { ++rows; }));
  CHECK(rows == 105'002);
}

TEST_CASE_METHOD(StoreFixture, "a live run's journal is followed row by row") {
  open();
  auto [live, id] = start();
  const RunRecord run = *find_run(reader(), id);
  std::vector<std::string> seen;
  auto look = [&](int64_t after) {
    return *read_journal_after(reader(), run, after,
                               [&](std::string_view row) { seen.emplace_back(row); });
  };

  int64_t last = look(0);
  CHECK(seen.size() == 1);
  CHECK(look(last) == last);
  REQUIRE(append(live, "[1]"));
  REQUIRE(append(live, "[2]"));
  last = look(last);
  REQUIRE(finish(live));
  look(last);
  CHECK(seen == std::vector<std::string>{R"([{"t":"start"}])", "[1]", "[2]", R"([{"t":"end"}])"});
}

TEST_CASE_METHOD(StoreFixture, "lazy entries go with the next write that somebody waits for") {
  open();
  auto [live, id] = start();
  store->append(live, "[1]");
  store->append(live, "[2]");
  CHECK(*read_journal(reader(), *find_run(reader(), id)) == R"([{"t":"start"}])");

  REQUIRE(append(live, "[3]"));
  CHECK(*read_journal(reader(), *find_run(reader(), id)) == R"([{"t":"start"},1,2,3])");
  store->append(live, "[4]");
  store->close();
  CHECK(*read_journal(reader(), *find_run(reader(), id)) == R"([{"t":"start"},1,2,3,4])");
}

TEST_CASE_METHOD(StoreFixture, "rule 11: a run changes hands once, and only as it was found") {
  open();
  auto [gone, id] = start();
  store.reset();
  open();
  const RunRecord found = *find_run(reader(), id);
  const Adoption adoption{found.key, found.state, found.owner, 1, 1, *find_tail(reader(), found)};
  Answer first, second;
  const LiveRun live = store->adopt_run(adoption, first.committed());
  const LiveRun late = store->adopt_run(adoption, second.committed());
  loop.run();
  CHECK(first.result->has_value());
  CHECK(second.result->error().code == code::kConflict);
  CHECK(append(late, "[1]").error().code == code::kConflict);
  CHECK(append(live, R"([{"t":"more"}])").has_value());
  CHECK(store->state_of(*find_run(reader(), id)) == "running");
  REQUIRE(finish(live));
  CHECK(*read_journal(reader(), *find_run(reader(), id)) ==
        R"([{"t":"start"},{"t":"more"},{"t":"end"}])");
}
