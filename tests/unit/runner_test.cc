// Runs from their start to their record.
#include "engine/runs/runner.h"

#include <cstdlib>

#include "tests/support/runs_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

TEST_CASE_METHOD(RunsFixture, "a run's result is recorded, and shown when it is on disk") {
  const Outcome outcome = run("return { answer = 42, list = {} }");

  CHECK(outcome.state == "succeeded");
  CHECK(outcome.result == R"({"answer":42,"list":[]})");
  CHECK(journal(outcome.id) == Strings{"start", "end"});
  CHECK(watched.size() == 2);
  const store::RunRecord record = *store::find_run(**store->reader(), outcome.id.substr(0, 6));
  CHECK(record.state == "succeeded");
  CHECK(record.principal == "unix:test");
  CHECK(record.result == outcome.result);
  CHECK(record.sources.find("t1.lua") != std::string::npos);
}

TEST_CASE_METHOD(RunsFixture, "reads are recorded whole, a change as intent and result, in order") {
  const Outcome outcome = run(R"(
    step("Look", function() return box.get{ id = "db" } end)
    box.stop{ id = "db" }
    log.info("stopped", { id = "db" })
    report "All is well.")");

  CHECK(outcome.state == "succeeded");
  CHECK(journal(outcome.id) == Strings{"start", "step", "op box.get", "end_step", "call box.stop",
                                       "result", "log", "report", "end"});
  CHECK(happened == Strings{"stop db"});
}

TEST_CASE_METHOD(RunsFixture,
                 "an uncaught error ends the run as failed, with the runbook's own lines") {
  const Outcome outcome = run(R"(
    step("Stop it", function()
      box.stop{ id = "db", refuse = "CONFLICT" }
    end))");

  CHECK(outcome.state == "failed");
  const JsonDocument error = *read_json(outcome.error);
  CHECK(*json_string(error.root(), "code") == "CONFLICT");
  CHECK(*json_string(error.root(), "operation") == "box.stop");
  const JsonElement frame = simdjson::dom::array(*json_member(error.root(), "traceback")).at(0);
  CHECK(*json_string(frame, "source") == "t1.lua");
  CHECK(*json_integer(frame, "line") == 5);
  CHECK(json_string(error.root(), "excerpt")->find("box.stop{ id = \"db\"") !=
        std::string_view::npos);
}

TEST_CASE_METHOD(RunsFixture, "what is wrong before the start leaves no run behind") {
  CHECK(start("", "params = { since = { \"duration\" } },", false, R"({"sinse":"1h"})")
            .error()
            .message == "t1: there is no parameter 'sinse'; did you mean 'since'?");
  CHECK(start("return 1 +").error().code == code::kInvalidArgument);
  CHECK(start("", "allow = { \"fs\" },").error().message.find("'fs' is no permission") !=
        std::string::npos);
  CHECK(runner->start({.runbook = "nothing"}, {}, [](Result<Outcome>) {}).error().code ==
        code::kNotFound);
  CHECK(runner->alive() == 0);
  CHECK(store::list_runs(**store->reader(), {})->empty());
}

TEST_CASE_METHOD(RunsFixture, "a secret's value given in place of its name leaves no trace") {
  const Result<std::string> refused = start("", "params = { token = { \"secret\" } },", false,
                                            R"({"token":{"$secret":"hunter2"}})");

  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "t1: parameter 'token' names a secret that does not exist");
  CHECK(store::list_runs(**store->reader(), {})->empty());
}

TEST_CASE_METHOD(RunsFixture, "a dry run changes nothing and plans everything") {
  const Outcome outcome = run(R"(
    local made = box.ensure{ id = "db" }
    box.stop{ id = made.id }
    box.get{ id = "db" }
    state.set{ name = "seen", value = 1 }
    box.remove{ id = "db" }
    return { seen = state.get{ name = "seen" }.value })",
                              "", true);

  CHECK(outcome.state == "succeeded");
  CHECK(outcome.result == R"({"seen":1})");
  CHECK(happened.empty());
  const std::string text = journal_text(outcome.id);
  CHECK(text.find(R"("planned":true,"ok":{"$planned":"box.remove at t1.lua:8"})") !=
        std::string::npos);
  const Outcome wet = run("return state.get{ name = \"seen\" }");
  CHECK(wet.result == "null");
}

TEST_CASE_METHOD(RunsFixture,
                 "state is kept from run to run of one runbook, and committed with the journal") {
  write("counter",
        R"(return runbook{ summary = "Counts.", allow = { "state:change" }, run = function()
    local now = state.get{ name = "n" }
    local n = now and now.value or 0
    state.compare_and_set{ name = "n", value = n + 1, version = now and now.version }
    return n + 1 end })");
  std::string result;
  for (int round = 0; round < 3; ++round) {
    REQUIRE(runner->start({.runbook = "counter", .principal = "unix:test", .trigger = "{}"}, {},
                          [&](Result<Outcome> outcome) {
                            result = outcome ? outcome->result + outcome->error
                                             : outcome.error().message;
                            loop.stop();
                          }));
    loop.run();
  }
  CHECK(result == "3");

  const Outcome other = run(R"(
    state.set{ name = "a", value = { 1 } }
    local ok, err = pcall(state.compare_and_set, { name = "a", value = 2, expected = 7 })
    return { ok = ok, code = err.code, names = #state.list{} })");
  CHECK(other.result == R"({"code":"CONFLICT","names":1,"ok":false})");
}

TEST_CASE_METHOD(RunsFixture, "a cancelled run closes what it opened and ends as cancelled") {
  const Result<std::string> id = start(R"(
    local guard <close> = setmetatable({}, {
      __close = function() box.ensure{ id = "cleanup" } end })
    box.stop{ id = "slow", delay = "1h" })");
  REQUIRE(id);
  std::function<void()> when_started = [&] {
    if (happened.empty()) return loop.defer(when_started);
    REQUIRE(runner->cancel(*id, "unix:test"));
  };
  loop.defer(when_started);
  loop.run();

  REQUIRE(last != nullptr);
  CHECK((*last)->state == "cancelled");
  CHECK(happened == Strings{"stop slow", "ensure cleanup"});
  CHECK(journal_text(*id).find(R"("outcome_unknown":true)") != std::string::npos);
  CHECK(runner->cancel(*id, "unix:test").error().code == code::kNotFound);
}

TEST_CASE_METHOD(RunsFixture, "a second cancel ends a run that does not want to end") {
  const Result<std::string> id = start(R"(
    while true do pcall(box.get, { id = "x", delay = "10ms" }) end)");
  REQUIRE(id);
  loop.defer([&] {
    REQUIRE(runner->cancel(*id, "unix:test"));
    REQUIRE(runner->cancel(*id, "unix:test"));
  });
  loop.run();

  CHECK((*last)->state == "cancelled");
}

TEST_CASE_METHOD(RunsFixture, "a runbook's timeout ends the run as failed") {
  const Outcome outcome = run("box.get{ id = \"x\", delay = \"1h\" }", "timeout = \"30ms\",");

  CHECK(outcome.state == "failed");
  CHECK(outcome.error.find("\"TIMEOUT\"") != std::string::npos);
}

TEST_CASE_METHOD(RunsFixture, "a run that loops for ever does not keep the others from ending") {
  const Result<std::string> hog = start("while true do end");
  REQUIRE(hog);
  int ended = 0;
  write("reader", R"(return runbook{ summary = "Reads.", run = function()
    for i = 1, 20 do box.get{ id = "x" } end end })");
  for (int index = 0; index < 16; ++index) {
    REQUIRE(runner->start({.runbook = "reader", .principal = "unix:test", .trigger = "{}"}, {},
                          [&](Result<Outcome> outcome) {
                            CHECK(outcome->state == "succeeded");
                            if (++ended < 16) return;
                            REQUIRE(runner->cancel(*hog, "unix:test"));
                            REQUIRE(runner->cancel(*hog, "unix:test"));
                          }));
  }
  loop.run();
  CHECK(ended == 16);
  CHECK((*last)->state == "cancelled");
}

TEST_CASE_METHOD(RunsFixture, "a retry does not repeat a change whose outcome is unknown") {
  const Outcome outcome = run(R"(
    local ok, err = pcall(retry, { attempts = 3, first = "1ms" }, function()
      timeout("20ms", function() box.stop{ id = "slow", delay = "1h" } end)
    end)
    return { ok = ok, code = err.code })");

  CHECK(outcome.state == "succeeded");
  CHECK(happened == Strings{"stop slow"});
}

TEST_CASE_METHOD(RunsFixture, "a call is a run of its own, and a person's permission is enough") {
  std::optional<Result<Outcome>> outcome;
  const Result<std::string> id =
      runner->call("box.remove", R"({"id":"db"})", {.principal = "unix:test", .trigger = "{}"}, {},
                   [&](Result<Outcome> ended) {
                     outcome = std::move(ended);
                     loop.stop();
                   });
  REQUIRE(id);
  loop.run();
  CHECK((*outcome)->state == "succeeded");
  CHECK((*outcome)->runbook == "call box.remove");
  CHECK(happened == Strings{"remove db"});
  CHECK(journal(*id) == Strings{"start", "call box.remove", "result", "end"});
}
