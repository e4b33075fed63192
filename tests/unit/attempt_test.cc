// A failed run's new attempt: what it takes over, and when it may use edited code.
#include "engine/store/audit.h"
#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

TEST_CASE_METHOD(CrashFixture, "a new attempt takes over what came before its step") {
  const Outcome failed = run(R"(
    local a = box.make{ id = "a" }
    step("Check", function()
      box.get{ id = "b", refuse = not state.get{ name = "why" } and "CONFLICT" or nil }
    end)
    return a.id)");
  REQUIRE(failed.state == "failed");
  happened.clear();
  CHECK(resume({.run = failed.id, .from = "Check"}).state == "failed");
  CHECK(happened.empty());
  CHECK(try_resume({.run = failed.id, .from = "Chekc"}).error().message ==
        "run " + failed.id + " opened no step named 'Chekc'");
  keep_state(failed.runbook, "why");

  const Outcome again = resume({.run = failed.id, .from = "Check"});
  CHECK(again.result == R"("a")");
  CHECK(happened.empty());
  const store::RunRecord record = *store::find_run(**store->reader(), failed.id);
  CHECK(record.attempt == 3);
  CHECK(record.state == "succeeded");
}

TEST_CASE_METHOD(CrashFixture, "an edited attempt begins where its replay agrees") {
  const Outcome failed = run(R"(
    local a = box.make{ id = "a" }
    step("Check", function() fail("CONFLICT", "no") end)
    return a.id)");
  REQUIRE(failed.state == "failed");
  const std::string head =
      "return runbook{ summary = 'A test.', allow = { 'box:destroy' }, run = function()\n";
  happened.clear();

  write("t1", head + "local a = box.make{ id = 'other' }\nreturn 2 end }");
  const Result<std::string> refused =
      try_resume({.run = failed.id, .from = "Check", .edited = true});
  REQUIRE(refused);
  loop.run();
  REQUIRE_FALSE(*last);
  CHECK(last->error().code == code::kReplayMismatch);
  CHECK(store::find_run(**store->reader(), failed.id)->state == "failed");

  write("t1", head + "local a = box.make{ id = 'a' }\n" +
                  "step('Check', function() box.stop{ id = 'b' } end)\nreturn a.id end }");
  CHECK(resume({.run = failed.id, .from = "Check", .edited = true}).result == R"("a")");
  CHECK(happened == Strings{"stop b"});
  const Strings journal = entries(failed.id);

  write("t1", head + "return 'edited again' end }");
  crash(failed.id, until(journal, first(journal, R"("op":"box.stop")") + 1));
  change([&](store::Database& db) {
    return execute(db, "UPDATE run SET attempt = 2 WHERE id = ?", failed.id);
  });
  CHECK(resume(failed.id).error.find("IN_DOUBT") != std::string::npos);
}

TEST_CASE_METHOD(CrashFixture, "an edited attempt that leaves out what is in doubt is refused") {
  const Outcome failed = run(R"(
    parallel {
      function() box.stop{ id = "slow", delay = "1h" } end,
      function() step("Check", function() fail("CONFLICT", "no") end) end,
    })");
  REQUIRE(failed.state == "failed");
  write("t1",
        "return runbook{ summary = 'A test.', run = function()\n"
        "parallel { function() end, function() step('Check', function() end) end } end }");
  REQUIRE(try_resume({.run = failed.id, .from = "Check", .edited = true}));
  loop.run();
  REQUIRE_FALSE(*last);
  CHECK(last->error().code == code::kReplayMismatch);
  CHECK(last->error().message.find("the journal has box.stop") != std::string::npos);
}

TEST_CASE_METHOD(CrashFixture, "a person settles the doubt that ended the run and no earlier one") {
  const Outcome whole = run(R"(
    local ok, err = pcall(box.stop, { id = "a" })
    box.stop{ id = "b" }
    box.stop{ id = "c" }
    return err and err.code or "none")");
  Strings journal = entries(whole.id);
  crash(whole.id, until(journal, first(journal, "\"call\"") + 1));
  CHECK(resume(whole.id).result == R"("IN_DOUBT")");
  journal = entries(whole.id);
  crash(whole.id, until(journal, first(journal, R"("args":{"id":"c"})") + 1));
  REQUIRE(resume(whole.id).state == "failed");
  happened.clear();

  CHECK(resume({.run = whole.id, .assumed = ops::Call::Assumed::done}).result == R"("IN_DOUBT")");
  CHECK(happened.empty());
}

TEST_CASE_METHOD(CrashFixture, "a person settles one doubt at a time: no other is taken as told") {
  using Assumed = ops::Call::Assumed;
  const Outcome whole = run(R"(
    parallel {
      function() box.stop{ id = "a" } end,
      function() box.stop{ id = "b" } end,
    }
    return "both")");
  Strings kept;
  for (const std::string& entry : entries(whole.id)) {
    if (kind_of(entry) == "start" || kind_of(entry) == "call") kept.push_back(entry);
  }
  REQUIRE(kept.size() == 3);
  crash(whole.id, kept);
  REQUIRE(resume(whole.id).error.find("IN_DOUBT") != std::string::npos);
  happened.clear();

  const Outcome other = resume({.run = whole.id, .assumed = Assumed::done});
  CHECK(other.error.find("IN_DOUBT") != std::string::npos);
  CHECK(happened.empty());
  CHECK(resume({.run = whole.id, .assumed = Assumed::not_done}).result == R"("both")");
  CHECK(happened == Strings{"stop b"});
}

TEST_CASE_METHOD(CrashFixture, "a run that failed behind a doubt has nothing to assume") {
  const Outcome whole = run(R"(
    pcall(box.stop, { id = "a" })
    box.stop{ id = "b" }
    fail("CONFLICT", "no"))");
  const Strings journal = entries(whole.id);
  crash(whole.id, until(journal, first(journal, "\"call\"") + 1));
  REQUIRE(resume(whole.id).error.find("CONFLICT") != std::string::npos);
  const Result<std::string> refused =
      try_resume({.run = whole.id, .assumed = ops::Call::Assumed::done});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "run " + whole.id + " did not end in doubt: there is nothing to assume");
}

TEST_CASE_METHOD(CrashFixture, "the audit tells the calls of attempts apart") {
  const Outcome failed = run(R"(
    step("Look", function() box.ensure{ id = "a" } fail("CONFLICT", "no") end))");
  REQUIRE(failed.state == "failed");
  REQUIRE(resume({.run = failed.id, .from = "Look"}).state == "failed");
  const auto audit = store::read_audit(**store->reader(), {.run = failed.id});
  REQUIRE(audit->size() == 2);
  CHECK((*audit)[0].outcome == "ok");
  CHECK((*audit)[1].outcome == "ok");
  CHECK(done.size() == 2);
}
