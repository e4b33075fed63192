// What is recorded has bounds: of size, and of what may be known.
#include <filesystem>

#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

void declare_large(ops::Registry& registry, Loop& loop) {
  ops::Operation op;
  op.name = "box.large";
  op.summary = "Answers a long text.";
  ops::Field size;
  size.name = "size";
  size.type = ops::Type::integer;
  op.params = {size};
  op.start = [&loop](ops::CallInput input, Done done) -> TaskPtr {
    const int64_t wanted = *json_integer(read_json(input.args)->root(), "size");
    std::string text(static_cast<size_t>(wanted) - 3, 'a');
    return start_timer(loop, Millis(0), [text, done = std::move(done)]() mutable {
      done("{\"text\":\"" + text + "xyz\"}");
    });
  };
  REQUIRE(registry.add(std::move(op)));
}

}  // namespace

TEST_CASE_METHOD(CrashFixture,
                 "a run whose journal is full fails in words and closes what it has") {
  options.journal_max.entries = 50;
  runner.reset();
  runner.emplace(loop, *store, registry, *invoker, secrets, *library, system_clock(), options);
  const std::string body = R"(
    local guard <close> = setmetatable({}, { __close = function() box.ensure{ id = "closed" } end })
    while true do box.get{ id = "x" } end)";
  const Outcome full = run(body);
  CHECK(full.state == "failed");
  CHECK(full.error.find("RESOURCE_EXHAUSTED") != std::string::npos);
  CHECK(full.error.find("the run's journal has 50 entries") != std::string::npos);
  CHECK(happened == Strings{"ensure closed"});

  const Strings journal = entries(full.id);
  crash(full.id, until(journal, 40));
  CHECK(resume(full.id).error.find("the run's journal has 50 entries") != std::string::npos);
}

TEST_CASE_METHOD(CrashFixture, "whatever a run does without an end fills its journal") {
  const std::string allow = "allow = { 'state:change' },";
  const std::string text = "string.rep('x', 1000)";
  options.journal_max.entries = 50;
  SECTION("sleeps") {
    begin_anew();
    CHECK(run("while true do sleep '0ms' end").state == "failed");
  }
  SECTION("steps") {
    begin_anew();
    CHECK(run("while true do step('a', function() end) end").state == "failed");
  }
  SECTION("reports") {
    begin_anew();
    CHECK(run("while true do report('x') end").state == "failed");
  }
  SECTION("bytes of our own store's operations") {
    options.journal_max = {.entries = 100'000, .bytes = 20'000};
    begin_anew();
    const Outcome full =
        run("while true do state.set{ name = 'a', value = " + text + " } end", allow);
    CHECK(full.state == "failed");
  }
  REQUIRE(last != nullptr);
  CHECK((*last)->error.find("the run's journal has ") != std::string::npos);
}

TEST_CASE_METHOD(CrashFixture, "large results lie beside the journal and are replayed whole") {
  declare_large(registry, loop);
  const Outcome whole = run(R"(
    local read, made = box.large{ size = 100000 }, box.ensure{ id = "a" }
    return { #read.text, read.text:sub(-3) })");
  REQUIRE(whole.result == R"([100000,"xyz"])");
  CHECK((*store->reader())->number("SELECT max(length(entries)) FROM journal").value() < 2000);
  CHECK((*store->reader())->number("SELECT sum(length(packed)) FROM large").value() < 2000);
  const Strings journal = entries(whole.id);
  CHECK(journal[1].size() > 100000);

  change(
      [](store::Database& db) { return db.exec("UPDATE run SET state = 'running', owner = 0"); });
  const Outcome again = resume(whole.id);
  CHECK(again.result == whole.result);
}

TEST_CASE_METHOD(CrashFixture, "a run goes on as another with an empty journal") {
  const std::string params = "params = { { \"left\", \"integer\", \"x\" } },";
  const std::string body = R"(
    box.ensure{ id = tostring(ctx.params.left) }
    if ctx.params.left > 0 then return continue_as{ left = ctx.params.left - 1 } end
    return "done")";
  const Outcome ended = run(body, params, false, R"({"left":2})");
  CHECK(ended.result == R"("done")");
  CHECK(happened == Strings{"ensure 2", "ensure 1", "ensure 0"});
  const auto runs = store::list_runs(**store->reader(), {});
  REQUIRE(runs->size() == 3);
  CHECK((*runs)[0].id == ended.id);
  CHECK((*runs)[0].trigger == R"({"kind":"run","run":")" + (*runs)[1].id + "\"}");
  CHECK((*runs)[1].result == R"({"continued_as":")" + ended.id + "\"}");
  CHECK((*runs)[1].runbook == "t1");

  const Strings journal = entries((*runs)[2].id);
  happened.clear();
  crash((*runs)[2].id, until(journal, journal.size() - 1));
  CHECK(resume((*runs)[2].id).result == R"({"continued_as":")" + (*runs)[1].id + "\"}");
  CHECK(happened.empty());

  CHECK(run("continue_as{ right = 1 }", params, false, R"({"left":2})")
            .error.find("there is no parameter 'right'") != std::string::npos);
}

TEST_CASE_METHOD(CrashFixture,
                 "what is sensitive is replayed with the key that sealed it, and not without") {
  ops::Operation op;
  op.name = "box.reveal";
  op.summary = "Answers a token.";
  ops::Field token;
  token.name = "token";
  token.sensitive = true;
  op.results = {token};
  op.start = [this](ops::CallInput, Done done) -> TaskPtr {
    return start_timer(loop, Millis(0),
                       [done = std::move(done)]() mutable { done(R"({"token":"t0ken"})"); });
  };
  REQUIRE(registry.add(std::move(op)));
  const Outcome whole = run("local t = box.reveal{}.token box.ensure{ id = 'a' } return #t");
  REQUIRE(whole.result == "5");
  happened.clear();
  const Strings journal = entries(whole.id);
  crash(whole.id, until(journal, journal.size() - 1));

  for (const std::string& entry : journal) CHECK(entry.find("t0ken") == std::string::npos);
  CHECK(resume(whole.id).result == "5");
  CHECK(happened.empty());

  crash(whole.id, until(journal, journal.size() - 1));
  const std::string key = store->folder() + "/engine.key";
  std::filesystem::remove(key);
  runner.reset();
  runner.emplace(loop, *store, registry, *invoker, secrets, *library, system_clock(), options);
  ResumeRequest request;
  request.run = whole.id;
  const auto refused = runner->resume(request, {}, [](Result<Outcome>) {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("engine.key") != std::string::npos);

  // What cannot be sealed cannot be recorded: the script does not go on with it.
  std::filesystem::create_directory(key);
  runner.reset();
  runner.emplace(loop, *store, registry, *invoker, secrets, *library, system_clock(), options);
  last = nullptr;
  const Result<std::string> id = start("box.reveal{} box.stop{ id = 'b' }");
  REQUIRE(id);
  loop.run();
  REQUIRE(last != nullptr);
  CHECK((*last)->state == "failed");
  CHECK((*last)->error.find("could not be recorded") != std::string::npos);
  CHECK(happened.empty());
}
