// A run whose process died goes on where its journal ends.
#include "engine/base/embedded.h"
#include "engine/base/hash.h"
#include "engine/store/sources.h"
#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

TEST_CASE_METHOD(CrashFixture, "rule 1: a run goes on with the code it began with") {
  write("lib/words", "return { word = 'old' }");
  const Outcome whole = run(R"(
    local before = box.get{ id = "a" }
    box.stop{ id = "a" }
    return require("lib.words").word .. " runbook")");
  CHECK(whole.result == R"("old runbook")");
  const Strings journal = entries(whole.id);
  write("lib/words", "return { word = 'new' }");
  write("t1", "return runbook{ summary = 'Edited.', run = function() return 'edited' end }");

  crash(whole.id, journal);
  CHECK(resume(whole.id).result == whole.result);
  crash(whole.id, until(journal, first(journal, R"("t":"source")") + 1));
  CHECK(resume(whole.id).result == whole.result);

  const std::string prelude(embedded("engine/lua/prelude.lua"));
  CHECK(*store::source_text(**store->reader(), sha256_hex(prelude)) == prelude);
}

TEST_CASE_METHOD(CrashFixture, "rule 1: an older program's prelude comes from the store") {
  const Outcome whole = run("box.stop{ id = 'a' } sleep '1ms' return 1");
  const Strings journal = entries(whole.id);
  const std::string present(embedded("engine/lua/prelude.lua"));
  const std::string older = present + "\nfunction sleep() return 'the older one' end\n";
  const std::string sources =
      "[{\"name\":\"engine/lua/prelude.lua\",\"hash\":\"" + sha256_hex(older) + "\"},";
  crash(whole.id, until(journal, 1));
  change([&](store::Database& db) { return store::insert_source(db, sha256_hex(older), older); });
  change([&](store::Database& db) -> Result<void> {
    Result<store::Statement> update = db.prepare(
        "UPDATE run SET sources = replace(sources, '[{\"name\":\"engine/lua/library.lua\"', ?) "
        "WHERE id = ?");
    if (!update) return fail(update.error());
    return update->bind(sources + R"({"name":"engine/lua/library.lua")", whole.id).run();
  });

  CHECK(resume(whole.id).state == "succeeded");
  CHECK(first(entries(whole.id), "\"end\"") > 0);
  for (const std::string& entry : entries(whole.id)) CHECK(kind_of(entry) != "wait");
}

TEST_CASE_METHOD(CrashFixture, "rule 2: deliveries are replayed in the order they came") {
  const std::string body = R"(
    local order = {}
    local function note(name) order[#order + 1] = name end
    parallel {
      function() state.set{ name = "a", value = 1 } note("state") end,
      function() box.get{ id = "x", delay = "3ms" } note("slow") end,
      function() box.get{ id = "y" } note("fast") end,
      function() sleep "1ms" note("sleep") end,
    }
    local when = os.time()
    box.stop{ id = table.concat(order, " ") }
    return { order = table.concat(order, " "), random = math.random(1000000), when = when })";
  const Outcome whole = run(body);
  REQUIRE(whole.state == "succeeded");
  const Strings journal = entries(whole.id);
  happened.clear();
  crash(whole.id, until(journal, journal.size() - 1));

  const Outcome again = resume(whole.id);
  CHECK(again.state == "succeeded");
  CHECK(again.result == whole.result);
  CHECK(happened.empty());
}

TEST_CASE_METHOD(CrashFixture, "rule 2: what was said is neither said nor recorded twice") {
  const Outcome good = run(R"(
    step("One", function() log.info("in one") box.stop{ id = "a" } end)
    report("half")
    retry({ attempts = 2, first = "1ms" }, function(n)
      if n == 1 then fail("NETWORK_ERROR", "not yet") end
    end)
    step("Two", function() log.info("in two") box.ensure{ id = "b" } end))");
  REQUIRE(good.state == "succeeded");
  const Strings journal = entries(good.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    crash(good.id, until(journal, kept));
    watched.clear();
    CHECK(resume(good.id).state == (kind_of(journal[kept - 1]) == "call" &&
                                            journal[kept - 1].find("box.stop") != std::string::npos
                                        ? "failed"
                                        : "succeeded"));
    if ((*last)->state == "failed") continue;
    Strings kinds, wanted;
    for (const std::string& entry : entries(good.id)) {
      if (kind_of(entry) != "resume") kinds.push_back(kind_of(entry));
    }
    for (const std::string& entry : journal) wanted.push_back(kind_of(entry));
    CHECK(kinds == wanted);
    CHECK(watched.size() == journal.size() - kept + 1);
  }
}

TEST_CASE_METHOD(CrashFixture, "rule 4: an idempotent call in doubt is done again") {
  const Outcome whole = run("return box.ensure{ id = 'a' }.id");
  const Strings journal = entries(whole.id);
  crash(whole.id, until(journal, first(journal, "\"call\"") + 1));

  CHECK(resume(whole.id).result == R"("a")");
  CHECK(happened == Strings{"ensure a", "ensure a"});
}

TEST_CASE_METHOD(CrashFixture, "rule 4: a probe settles a call in doubt") {
  const Outcome whole = run("return box.make{ id = 'a' }.id");
  const Strings journal = entries(whole.id);
  const Strings kept = until(journal, first(journal, "\"call\"") + 1);
  crash(whole.id, kept);
  CHECK(resume(whole.id).result == R"("a")");
  CHECK(happened == Strings{"make a"});

  done.clear();  // it died before the effect
  crash(whole.id, kept);
  CHECK(resume(whole.id).result == R"("a")");
  CHECK(happened == Strings{"make a", "make a"});
}

TEST_CASE_METHOD(CrashFixture, "rule 4: what nothing settles is raised as IN_DOUBT") {
  const Outcome whole = run("local ok, err = pcall(box.stop, { id = 'a' }) return err or 'none'");
  const Strings journal = entries(whole.id);
  crash(whole.id, until(journal, first(journal, "\"call\"") + 1));

  const Outcome again = resume(whole.id);
  CHECK(again.state == "succeeded");
  CHECK(again.result.find("IN_DOUBT") != std::string::npos);
  CHECK(again.result.find("engine resume " + whole.id + " --assume done, or --assume not-done") !=
        std::string::npos);
  CHECK(happened == Strings{"stop a"});
}

TEST_CASE_METHOD(CrashFixture,
                 "rule 4: a person may settle a doubt, before and after it is raised") {
  using Assumed = ops::Call::Assumed;
  const Outcome whole = run("box.stop{ id = 'a' } box.ensure{ id = 'b' } return 'both'");
  const Strings journal = entries(whole.id);
  const Strings kept = until(journal, first(journal, "\"call\"") + 1);
  happened.clear();

  crash(whole.id, kept);
  CHECK(resume({.run = whole.id, .assumed = Assumed::done}).result == R"("both")");
  CHECK(happened == Strings{"ensure b"});

  crash(whole.id, kept);
  CHECK(resume({.run = whole.id, .assumed = Assumed::not_done}).result == R"("both")");
  CHECK(happened == Strings{"ensure b", "stop a", "ensure b"});

  crash(whole.id, kept);
  CHECK(resume(whole.id).state == "failed");
  CHECK(resume({.run = whole.id, .assumed = Assumed::done}).result == R"("both")");
  CHECK(happened == Strings{"ensure b", "stop a", "ensure b", "ensure b"});
  CHECK(try_resume({.run = whole.id, .assumed = Assumed::done}).error().code == code::kConflict);
}

TEST_CASE_METHOD(CrashFixture, "rule 5: operations on our own store happen exactly once") {
  const Outcome whole = run(R"(
    for i = 1, 3 do state.compare_and_set{ name = "n" .. i, value = i } end
    return #state.list{})");
  const Strings journal = entries(whole.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    crash(whole.id, until(journal, kept));
    change([](store::Database& db) { return db.exec("DELETE FROM state"); });
    for (size_t i = 0; i < kept; ++i) {
      if (journal[i].find("compare_and_set") == std::string::npos) continue;
      const std::string name = journal[i].substr(journal[i].find(R"("name":")") + 8, 2);
      keep_state(whole.runbook, name);
    }
    const Outcome again = resume(whole.id);
    CHECK(again.state == "succeeded");
    CHECK(again.result == "3");
  }
}

TEST_CASE_METHOD(CrashFixture, "rule 8: a mismatch stops the run and shows both sides") {
  const Outcome whole = run("box.get{ id = 'a' }\nbox.ensure{ id = 'b' }\nreturn 1");
  Strings journal = entries(whole.id);
  const size_t read = first(journal, "box.get");
  const size_t at = journal[read].find(R"("id":"a")");
  journal[read].replace(at, 8, R"("id":"z")");
  happened.clear();
  crash(whole.id, until(journal, journal.size() - 1));

  const Outcome again = resume(whole.id);
  CHECK(again.state == "failed");
  const JsonDocument error = *read_json(again.error);
  CHECK(*json_string(error.root(), "code") == "REPLAY_MISMATCH");
  const std::string message(*json_string(error.root(), "message"));
  CHECK(
      message.find(
          R"(the journal has box.get {"id":"z"} (t1.lua:3), the script has box.get {"id":"a"} (t1.lua:3))") !=
      std::string::npos);
  CHECK(happened.empty());
}

TEST_CASE_METHOD(CrashFixture, "rule 8: a script that ends before its journal does is a mismatch") {
  const Outcome whole = run("box.get{ id = 'a' } return 1");
  Strings journal = until(entries(whole.id), 2);
  std::string further = journal[1];
  further.replace(further.find(R"("n":1)"), 5, R"("n":2)");
  journal.push_back(further);
  crash(whole.id, journal);
  CHECK(resume(whole.id).error.find("REPLAY_MISMATCH") != std::string::npos);
}

TEST_CASE_METHOD(CrashFixture, "rule 9: a cancel is replayed") {
  const Result<std::string> id = start(R"(
    local guard <close> = setmetatable({}, { __close = function() box.ensure{ id = "c" } end })
    box.ensure{ id = "slow", delay = "1h" })");
  std::function<void()> when_started = [&] {
    if (happened.empty()) return loop.defer(when_started);
    REQUIRE(runner->cancel(*id, "unix:test"));
  };
  loop.defer(when_started);
  loop.run();
  const Strings journal = entries(*id);
  const size_t cancelled = first(journal, "\"t\":\"cancel\"");
  for (size_t kept = cancelled + 1; kept < journal.size(); ++kept) {
    crash(*id, until(journal, kept));
    CHECK(resume(*id).state == "cancelled");
  }
}

TEST_CASE_METHOD(CrashFixture, "rule 10: a wait goes on from where it began") {
  const Result<std::string> id = start("box.ensure{ id = 'a' } sleep '20d' return 'awake'");
  std::function<void()> when_asleep = [&] {
    if (happened.empty() || journal(*id).back() != "result") return loop.defer(when_asleep);
    REQUIRE(runner->cancel(*id, "unix:test"));
  };
  loop.defer(when_asleep);
  loop.run();
  const Strings all = entries(*id);
  crash_long_ago(*id, until(all, first(all, "\"cancel\"")));
  CHECK(resume(*id).result == R"("awake")");
}

TEST_CASE_METHOD(CrashFixture, "rule 11: a run that somebody carries is not taken up") {
  const Result<std::string> id = start("box.ensure{ id = 'a', delay = '1h' }");
  std::function<void()> when_started = [&] {
    if (happened.empty()) return loop.defer(when_started);
    const Result<std::string> refused = try_resume({.run = *id});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "run " + *id + " is going on: a living process carries it");
    REQUIRE(runner->cancel(*id, "unix:test"));
  };
  loop.defer(when_started);
  loop.run();
  const Result<std::string> ended = try_resume({.run = *id});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().message == "run " + *id + " was cancelled, so that it does not go on");
}

TEST_CASE_METHOD(CrashFixture, "a person's own call goes on too") {
  const Result<std::string> id =
      runner->call("box.ensure", R"({"id":"db"})", {.principal = "unix:test", .trigger = "{}"}, {},
                   [this](Result<Outcome>) { loop.stop(); });
  loop.run();
  const Strings journal = entries(*id);
  crash(*id, until(journal, 2));
  CHECK(resume(*id).state == "succeeded");
  CHECK(happened == Strings{"ensure db", "ensure db"});
}

TEST_CASE_METHOD(CrashFixture, "a dry run goes on with what it had set") {
  const Outcome whole = run(R"(
    state.set{ name = "a", value = 1 }
    box.stop{ id = "b" }
    return state.get{ name = "a" }.value)",
                            "", true);
  REQUIRE(whole.result == "1");
  const Strings journal = entries(whole.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    crash(whole.id, until(journal, kept));
    CHECK(resume(whole.id).result == "1");
  }
  CHECK(happened.empty());
}

TEST_CASE_METHOD(CrashFixture, "a run is resumed by one at a time") {
  const Outcome whole = run("return box.ensure{ id = 'a' }.id");
  crash(whole.id, until(entries(whole.id), 1));
  REQUIRE(try_resume({.run = whole.id}));
  CHECK(try_resume({.run = whole.id}).error().code == code::kConflict);
  loop.run();
  CHECK((*last)->result == R"("a")");
}
