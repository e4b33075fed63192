// How many runs of a process are alive at once, and in which order the others begin.
#include "tests/support/concurrency_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

class QueueFixture : public ConcurrencyFixture {
 public:
  QueueFixture() {
    options.runs_max = 1;
    runner.reset();
    runner.emplace(loop, *store, registry, *invoker, secrets, *library, system_clock(), options);
  }
  std::string start_named(const std::string& name, const std::string& more = "") {
    write(name, "return runbook{ summary = \"A test.\", allow = { 'box:change' }, " + more +
                    " run = function(ctx) box.ensure{ id = '" + name + "' } if '" + name +
                    "' == 'first' then wait_for{ signal = 'go' } end end }");
    const Result<std::string> id =
        runner->start({.runbook = name, .params = "{}", .principal = "unix:test", .trigger = "{}"},
                      {}, [this, name](Result<Outcome> outcome) {
                        outcomes.insert_or_assign(name, std::move(outcome));
                      });
    REQUIRE(id);
    return *id;
  }
};

}  // namespace

TEST_CASE_METHOD(QueueFixture, "runs over the process's limit are queued by priority and in turn") {
  const std::string first = start_named("first");
  until_happened(1);
  const std::string low = start_named("low", "priority = 'low',");
  for (int i = 0; i < 3; ++i) start_named("many");
  const std::string other = start_named("other");
  start_named("high", "priority = 'high',");
  until_queued(low);
  until_queued(other);
  CHECK(journal(other) == Strings{"start", "queue"});
  go(first);
  wait_until([this] { return runner->alive() == 0; });
  CHECK(happened == Strings{"ensure first", "ensure high", "ensure many", "ensure other",
                            "ensure many", "ensure many", "ensure low"});
  CHECK(journal(other)[2] == "begin");
}

TEST_CASE_METHOD(QueueFixture, "a run in the process's queue can be cancelled and killed") {
  const std::string first = start_named("first");
  until_happened(1);
  const std::string second = start_named("second"), third = start_named("third");
  until_queued(third);
  const Strings queued = entries(third);
  REQUIRE(runner->cancel(second, "unix:test"));
  until_ended("second");
  CHECK(outcomes.at("second")->state == "cancelled");
  go(first);
  until_ended("third");
  crash(third, queued);
  CHECK(resume(third).state == "succeeded");
  CHECK(happened == Strings{"ensure first", "ensure third", "ensure third"});
}

TEST_CASE_METHOD(QueueFixture, "a child does not wait for the seat of its parent") {
  write("child", "return runbook{ summary = \"A test.\", run = function() return 'it did' end }");
  CHECK(run("return run('child')").result == R"("it did")");
}

TEST_CASE_METHOD(QueueFixture,
                 "a child does not queue behind its parent for their runbook's seat") {
  runbook("concurrency = 1", R"(
      if ctx.params.name == "b" then return "b" end
      local _, error = pcall(run, "one", { name = "b" })
      return error.message)");
  begin("a");
  until_ended("a");
  CHECK(outcomes.at("a")->result.find("lets no more than 1 of its runs go on at a time") !=
        std::string::npos);
}

TEST_CASE_METHOD(QueueFixture, "a run that had begun and is killed in the queue has still begun") {
  const std::string body = R"(
      local closing <close> = setmetatable({}, { __close = function()
        box.ensure{ id = "closed" }
      end })
      local at = os.time()
      box.make{ id = "a" }
      box.make{ id = "b" }
      return at)";
  const Outcome whole = run(body);
  Strings journal = until(entries(whole.id), first(entries(whole.id), "box.ensure"));
  journal.push_back(R"({"t":"resume","by":"unix:test","at":1764000000000})");
  journal.push_back(R"({"t":"queue","at":1764000000000})");
  happened.clear();
  crash_long_ago(whole.id, journal);
  const Outcome again = resume(whole.id);
  CHECK(again.state == "succeeded");
  CHECK(std::stoll(again.result) < std::stoll(whole.result));
  CHECK(happened == Strings{"ensure closed"});
}

TEST_CASE_METHOD(QueueFixture, "who waits for a seat of its runbook keeps nobody from one") {
  runbook("concurrency = 1", R"(
      step("first", function() box.ensure{ id = ctx.params.name .. " first" } end)
      step("second", function()
        if ctx.params.name == "a" then fail("FAILED", "it did") end
      end))");
  const std::string a = begin("a");
  until_ended("a");
  begin("b");  // draws its ticket first, and the attempt sits down first
  REQUIRE(try_resume({.run = a, .from = "second"}));
  until_ended("b");
  wait_until([&] { return !resumed.empty(); });
  CHECK(resumed.back()->state == "failed");
  CHECK(outcomes.at("b")->state == "succeeded");
}
