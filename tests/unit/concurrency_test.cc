// How many of a runbook's runs go on at a time: who waits, who is skipped, replaced or refused.
#include "tests/support/concurrency_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

TEST_CASE_METHOD(ConcurrencyFixture, "a run over its runbook's limit waits and goes on in turn") {
  runbook("concurrency = 1");
  const std::string a = begin("a");
  until_happened(1);
  const std::string b = begin("b"), c = begin("c");
  until_queued(b);
  until_queued(c);
  const auto waiting = store::list_waiting(**store->reader(), "", 10);
  CHECK(waiting->size() == 3);
  const auto ahead = store::ahead_of(
      **store->reader(), c, std::string(store::kQueue), 0, [](int64_t) { return true; }, 9);
  REQUIRE(ahead->size() == 2);
  CHECK((*ahead)[0].run == a);
  CHECK((*ahead)[1].run == b);
  go(a);
  until_happened(3);
  CHECK(state(b) == "running");
  CHECK(state(c) == "queued");
  go(b);
  until_happened(5);
  go(c);
  until_ended("c");
  CHECK(happened == Strings{"ensure a begins", "ensure a ends", "ensure b begins", "ensure b ends",
                            "ensure c begins", "ensure c ends"});
  CHECK(journal(b)[0] == "start");
  CHECK(journal(b)[1] == "queue");
  CHECK(journal(b)[2] == "begin");
  CHECK(journal(a)[1] == "begin");
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "two seats let two runs go on") {
  runbook("concurrency = { limit = 2 }");
  const std::string a = begin("a"), b = begin("b"), c = begin("c"), d = begin("d");
  until_happened(2);
  until_queued(c);
  until_queued(d);
  go(b);
  until_happened(4);
  CHECK(happened[3] == "ensure c begins");
  CHECK(state(d) == "queued");
  for (const std::string& id : {a, c}) go(id);
  until_happened(7);
  go(d);
  until_ended("d");
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "each value of the parameter has seats of its own") {
  runbook("concurrency = { limit = 1, by = 'host' }");
  const std::string a = begin("a", "x"), b = begin("b", "y"), c = begin("c", "x");
  until_happened(2);
  until_queued(c);
  CHECK(state(b) == "running");
  for (const std::string& id : {a, b}) go(id);
  until_happened(5);
  go(c);
  until_ended("c");
}

TEST_CASE_METHOD(ConcurrencyFixture, "a run that is skipped has a row that says why") {
  runbook("concurrency = { on_conflict = 'skip', by = 'host' }");
  const std::string a = begin("a");
  until_happened(1);
  const std::string b = begin("b");
  until_ended("b");
  CHECK(outcomes.at("b")->state == "skipped");
  CHECK(error_of("b").find("skipped: run " + a +
                           " goes on, and one lets no more than 1 of its "
                           "runs go on at a time for host = \\\"a\\\"") != std::string::npos);
  CHECK(state(b) == "skipped");
  CHECK(try_resume({.run = b}).error().message ==
        "run " + b + " was skipped: nothing of it was done");
  const std::string c = begin("c", "other");
  until_happened(2);
  for (const std::string& id : {a, c}) go(id);
  until_ended("a");
  until_ended("c");
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "a run that is refused has a row and fails with CONFLICT") {
  runbook("concurrency = { on_conflict = 'fail' }");
  const std::string a = begin("a");
  until_happened(1);
  const std::string b = begin("b");
  until_ended("b");
  CHECK(outcomes.at("b")->state == "failed");
  CHECK(error_of("b").find(R"("code":"CONFLICT")") != std::string::npos);
  CHECK(error_of("b").find("run " + a + " goes on") != std::string::npos);
  CHECK(happened.size() == 1);
  go(a);
  until_ended("a");
}

TEST_CASE_METHOD(ConcurrencyFixture, "a newer run replaces older ones and waits for their end") {
  runbook("concurrency = { on_conflict = 'replace' }", R"(
      local closing <close> = setmetatable({}, { __close = function()
        box.ensure{ id = ctx.params.name .. " closes" }
      end })
      box.ensure{ id = ctx.params.name .. " begins" }
      wait_for{ signal = "go" })");
  const std::string a = begin("a");
  until_happened(1);
  const std::string b = begin("b"), c = begin("c");
  until_happened(3);
  CHECK(happened == Strings{"ensure a begins", "ensure a closes", "ensure c begins"});
  CHECK(outcomes.at("a")->state == "cancelled");
  CHECK(outcomes.at("b")->state == "cancelled");
  const std::string by = error_of("a");
  CHECK((by.find("cancelled by run:" + b + ": a newer run replaces it") != std::string::npos));
  CHECK(journal_text(a).find(R"({"t":"cancel","by":"run:)" + b) != std::string::npos);
  go(c);
  until_ended("c");
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "a queued run that is cancelled ends without having begun") {
  runbook("concurrency = 1");
  const std::string a = begin("a");
  until_happened(1);
  const std::string b = begin("b"), c = begin("c");
  until_queued(c);
  REQUIRE(runner->cancel(b, "unix:test"));
  until_ended("b");
  CHECK(outcomes.at("b")->state == "cancelled");
  CHECK(error_of("b").find("cancelled by unix:test") != std::string::npos);
  go(a);
  until_happened(3);
  CHECK(happened[2] == "ensure c begins");
  go(c);
  until_ended("c");
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "a run that goes on as another gives it its seat") {
  const std::string conflict = GENERATE("queue", "skip", "replace", "fail");
  runbook("concurrency = { on_conflict = '" + conflict + "' }", R"(
      box.ensure{ id = ctx.params.name }
      if ctx.params.host == "a" then continue_as{ name = "next", host = "b" } end)");
  begin("a");
  until_ended("a");
  CHECK(outcomes.at("a")->state == "succeeded");
  CHECK(happened == Strings{"ensure a", "ensure next"});
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "a dry run takes no seat and needs none") {
  runbook("concurrency = { on_conflict = 'fail' }", "box.ensure{ id = 'a' }");
  begin("a", "a", true);
  until_ended("a");
  CHECK(outcomes.at("a")->state == "succeeded");
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "killed anywhere a run takes its seat anew") {
  runbook("concurrency = 1", R"(
      box.make{ id = "one" }
      sleep "1ms"
      box.make{ id = "two" }
      return ctx.params.name)");
  const std::string id = begin("a");
  until_ended("a");
  const Strings whole = entries(id);
  REQUIRE(kind_of(whole[1]) == "begin");
  for (size_t kept = 1; kept < whole.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << whole[kept - 1]);
    crash(id, until(whole, kept));
    CHECK(resume(id).result == R"("a")");
    CHECK(tickets() == 0);
  }
}

TEST_CASE_METHOD(ConcurrencyFixture,
                 "a resumed run that had begun waits whatever its runbook says") {
  const std::string conflict = GENERATE("queue", "skip", "replace", "fail");
  runbook("concurrency = { on_conflict = '" + conflict + "' }");
  const std::string a = begin("a");
  until_happened(1);
  go(a);
  until_ended("a");
  const Strings whole = entries(a);
  const std::string b = begin("b");
  until_happened(3);
  change([](store::Database& db) { return db.exec("DELETE FROM mail"); });
  happened.clear();
  crash(a, until(whole, first(whole, "wait_for")));
  outcomes.clear();
  REQUIRE(try_resume({.run = a}));
  until_queued(a);
  CHECK(happened.empty());
  go(b);
  until_ended("b");
  wait_until([&] { return state(a) == "running"; });
  go(a);
  wait_until([&] { return !resumed.empty(); });
  CHECK(resumed.back()->state == "succeeded");
  CHECK(happened == Strings{"ensure b ends", "ensure a ends"});
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture,
                 "a run that was killed in the queue is refused as it would be") {
  runbook("concurrency = { on_conflict = 'skip' }");
  const std::string b = begin("b");
  until_happened(1);
  go(b);
  until_ended("b");
  const Strings whole = entries(b);
  const std::string a = begin("a");
  until_happened(3);
  crash(b, until(whole, 1));
  REQUIRE(try_resume({.run = b}));
  wait_until([&] { return !resumed.empty(); });
  CHECK(resumed.back()->state == "skipped");
  go(a);
  until_ended("a");
}

TEST_CASE_METHOD(ConcurrencyFixture, "a new attempt waits for its seat before it is live") {
  runbook("concurrency = 1", R"(
      step("first", function() box.ensure{ id = ctx.params.name .. " first" } end)
      step("second", function()
        if ctx.params.name == "a" then wait_for{ signal = "go", timeout = "1ms" } end
        wait_for{ signal = "go" }
      end))");
  const std::string a = begin("a");
  until_ended("a");
  REQUIRE(outcomes.at("a")->state == "failed");
  const std::string b = begin("b");
  until_happened(2);
  REQUIRE(try_resume({.run = a, .from = "second"}));
  until_queued(a);
  go(b);
  until_ended("b");
  wait_until([&] { return !resumed.empty(); });
  CHECK(resumed.back()->state == "failed");
  CHECK(happened.size() == 2);
  CHECK(tickets() == 0);
}

TEST_CASE_METHOD(ConcurrencyFixture, "what is wrong with concurrency is said with its line") {
  const auto refused = [this](const std::string& more) {
    runbook(more);
    const Result<std::string> id = runner->start(
        {.runbook = "one", .params = R"({"name":"a"})", .principal = "unix:test", .trigger = "{}"},
        {}, {});
    REQUIRE_FALSE(id);
    return id.error().message + " / " + id.error().hint;
  };
  CHECK(
      refused("concurrency = 0").find("3: concurrency: its limit is a whole number, at least 1") !=
      std::string::npos);
  CHECK(refused("concurrency = 'one'").find("at least 1") != std::string::npos);
  CHECK(refused("concurrency = { limit = 1.5 }").find("at least 1") != std::string::npos);
  CHECK(refused("concurrency = { limits = 1 }").find("did you mean 'limit'?") != std::string::npos);
  CHECK(refused("concurrency = { by = 'hots' }")
            .find("there is no parameter 'hots' / did you mean "
                  "'host'?") != std::string::npos);
  CHECK(refused("concurrency = { on_conflict = 'skp' }").find("did you mean 'skip'?") !=
        std::string::npos);
  CHECK(refused("priority = 'urgent'").find(R"(priority is one of "high", "normal", "low")") !=
        std::string::npos);
  CHECK(refused("params = { name = { 'string', sensitive = true } }, concurrency = { by = 'name' }")
            .find("is sensitive") != std::string::npos);
}
