// Locks by name: one holder at a time, in the order of asking, whatever dies.
#include "engine/store/tickets.h"
#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

int64_t tickets(store::Store& store) {
  return (*store.reader())->number("SELECT count(*) FROM ticket").value();
}

}  // namespace

TEST_CASE_METHOD(CrashFixture, "a lock has one holder at a time in the order of asking") {
  const std::string body = R"(
    local order = {}
    local function work(name)
      return function()
        local held <close> = lock("db")
        order[#order + 1] = name
        box.make{ id = name, delay = "1ms" }
        order[#order + 1] = name
      end
    end
    parallel { work "a", work "b", work "c" }
    return table.concat(order))";
  const Outcome whole = run(body);
  CHECK(whole.result == R"("aabbcc")");
  CHECK(tickets(*store) == 0);

  const Strings journal = entries(whole.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
    crash(whole.id, until(journal, kept));
    CHECK(resume(whole.id).result == whole.result);
    CHECK(tickets(*store) == 0);
  }
}

TEST_CASE_METHOD(CrashFixture, "a lock is waited for no longer than its timeout and left then") {
  const Outcome ended = run(R"(
    local late
    local function hold()
      local held <close> = lock("db")
      late = select(2, pcall(lock, "db", { timeout = "5ms" }))
      local bounded = select(2, pcall(timeout, "5ms", lock, "db"))
      return bounded.code
    end
    local code = hold()
    local again <close> = lock("db", { timeout = "1h" })
    return { late.code, late.message, code, again.name })");
  CHECK(ended.result == R"(["TIMEOUT","the lock 'db' was not free within 5ms","TIMEOUT","db"])");
  CHECK(tickets(*store) == 0);
  CHECK(run("lock(1)").error.find("lock takes a name") != std::string::npos);
  CHECK(run("lock('a', { often = 1 })").error.find("lock has no option 'often'") !=
        std::string::npos);
}

TEST_CASE_METHOD(CrashFixture, "a lock is free for other runs when its holder ends") {
  const Result<std::string> first = start(R"(
    local held <close> = lock("db")
    box.ensure{ id = "held" }
    wait_for{ signal = "go" })");
  const Result<std::string> second =
      start("local held <close> = lock('db') box.stop{ id = 'second' }");
  REQUIRE(first);
  REQUIRE(second);
  std::function<void()> when_both = [&] {
    store->flush();
    if (tickets(*store) < 2 || happened.empty()) return loop.defer(when_both);
    CHECK(happened == Strings{"ensure held"});
    REQUIRE(runner->cancel(*first, "unix:test"));
  };
  loop.defer(when_both);
  loop.run();
  CHECK(happened == Strings{"ensure held", "stop second"});
  CHECK(tickets(*store) == 0);
}

TEST_CASE_METHOD(CrashFixture, "a lock with a time to live is free for others when that is over") {
  const Outcome ended = run(R"(
    return parallel {
      function() local held <close> = lock("db", { ttl = "1ms" }) sleep "2s" return "slow" end,
      function() sleep "1ms" local held <close> = lock("db") return "had it" end,
      function() sleep "1ms" return (pcall(lock, "db", { timeout = "1ms" })) end,
    })");
  CHECK(ended.result == R"(["slow","had it",false])");
}

TEST_CASE_METHOD(CrashFixture, "a run that lost its locks goes on when it has them again") {
  const Outcome whole = run(R"(
    local held <close> = lock("db")
    box.make{ id = "a" }
    box.make{ id = "b" }
    return "done")");
  const Strings journal = entries(whole.id);
  const Result<std::string> other = start(R"(
    local held <close> = lock("db")
    wait_for{ signal = "go" }
    box.stop{ id = "other" })");
  bool has_it = false;
  std::function<void()> when_held = [&] {
    store->flush();
    if (tickets(*store) == 0) return loop.defer(when_held);
    has_it = true;
    loop.stop();
  };
  loop.defer(when_held);
  while (!has_it) loop.run();
  happened.clear();
  crash(whole.id, until(journal, first(journal, "\"result\"") + 1));
  REQUIRE(try_resume({.run = whole.id}));
  std::function<void()> when_asked = [&] {
    store->flush();
    if (tickets(*store) < 2) return loop.defer(when_asked);
    CHECK(happened.empty());
    REQUIRE(runner->cancel(*other, "unix:test"));
  };
  loop.defer(when_asked);
  loop.run();
  CHECK(happened == Strings{"make b"});
  CHECK((*last)->result == R"("done")");
}

TEST_CASE_METHOD(CrashFixture, "a dry run takes no lock") {
  CHECK(run("local held <close> = lock('db') return held.name", "", true).result == R"("db")");
  CHECK(tickets(*store) == 0);
}
