// Runs that are started by runs: exactly once, awaited, and ended with the run that started them.
#include <algorithm>

#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

class FamilyFixture : public CrashFixture {
 public:
  FamilyFixture() {
    runner->on_idle([this] { loop.stop(); });
    runbook("child", R"(box.make{ id = ctx.params.id } return { id = ctx.params.id })");
    runbook("patient", R"(
      local function close() box.ensure{ id = "closed" } end
      local guard <close> = setmetatable({}, { __close = close })
      box.get{ id = "x", delay = "1h" })");
  }
  void runbook(const std::string& name, const std::string& body, const std::string& more = "") {
    write(name, "return runbook{ summary = \"A child.\", allow = { 'box:destroy' }, " + more +
                    " params = { id = { 'string', default = 'c' } },\nrun = function(ctx)\n" +
                    body + "\nend }\n");
  }
  // All runs but the one, oldest first.
  std::vector<store::RunRecord> others(const std::string& id) {
    std::vector<store::RunRecord> all = *store::list_runs(**store->reader(), {});
    std::erase_if(all, [&](const store::RunRecord& run) { return run.id == id; });
    return {all.rbegin(), all.rend()};
  }
  void remove(const std::string& id) {
    change([&](store::Database& db) { return execute(db, "DELETE FROM run WHERE id = ?", id); });
  }
  // Until no run is alive.
  void settle() {
    while (runner->alive() > 0) loop.run();
  }
};

constexpr const char* kAllow = "allow = { 'box:destroy' },";

}  // namespace

TEST_CASE_METHOD(FamilyFixture, "a child run has a row of its own and answers its result") {
  const Outcome ended = run(R"(return { run("child", { id = "a" }), run("child") })");
  CHECK(ended.result == R"([{"id":"a"},{"id":"c"}])");
  CHECK(happened == Strings{"make a", "make c"});
  const auto children = others(ended.id);
  REQUIRE(children.size() == 2);
  CHECK(children[0].state == "succeeded");
  CHECK(children[0].principal == "run:" + ended.id);
  CHECK(children[0].trigger == R"({"kind":"run","run":")" + ended.id + R"(","depth":1})");
  CHECK(children[0].parent != 0);
  CHECK(children[0].id != children[1].id);
}

TEST_CASE_METHOD(FamilyFixture, "a child's error is raised with its code and its id") {
  runbook("failing", R"(fail("docker.GONE", "it is gone", { details = { name = "db" } }))");
  const Outcome ended = run(R"(
    local ok, err = pcall(run, "failing")
    return { err.code, err.message, err.details.run, err.details.name, err.hint })");
  const std::string child = others(ended.id).front().id;
  CHECK(ended.result == R"(["docker.GONE","it is gone",")" + child + R"(","db","engine trace )" +
                            child + R"( shows what it did"])");
  const Outcome uncaught = run(R"(run("failing"))");
  CHECK(uncaught.state == "failed");
  CHECK(uncaught.error.find(R"("code":"docker.GONE")") != std::string::npos);
}

TEST_CASE_METHOD(FamilyFixture, "what cannot be started is told at the call and leaves no run") {
  runbook("strict", "return 1");
  const Outcome ended = run(R"(
    local function told(...)
      local ok, err = pcall(run, ...)
      return err.code .. ": " .. err.message
    end
    return { told("nothing"), told("strict", { often = 1 }), told(1), told("strict", 1),
      told("strict", {}, { attached = true }) })");
  INFO(ended.result);
  CHECK(ended.result.find("NOT_FOUND: ") != std::string::npos);
  CHECK(ended.result.find("strict: there is no parameter 'often'") != std::string::npos);
  CHECK(ended.result.find("run takes the name of a runbook") != std::string::npos);
  CHECK(ended.result.find("run has no option 'attached'") != std::string::npos);
  CHECK(others(ended.id).empty());
}

TEST_CASE_METHOD(FamilyFixture, "a child may do what its own runbook allows") {
  const Outcome ended = run(R"(return run("child").id)", "allow = {},");
  CHECK(ended.result == R"("c")");
  write("meek", "return runbook{ summary = 'x', run = function() box.make{ id = 'm' } end }");
  const Outcome refused = run(R"(return select(2, pcall(run, "meek")).code)", kAllow);
  CHECK(refused.result == R"("PERMISSION_DENIED")");
}

TEST_CASE_METHOD(FamilyFixture,
                 "a child that is waited for no more has ended when its starter goes on") {
  const Outcome timed = run(R"(
    local ok, err = pcall(timeout, "5ms", run, "patient")
    box.make{ id = "after" }
    return err.code)");
  CHECK(timed.result == R"("TIMEOUT")");
  CHECK(happened == Strings{"ensure closed", "make after"});
  CHECK(others(timed.id).front().state == "cancelled");
  happened.clear();
  const Outcome raced = run(R"(
    local won = first{ function() run("patient") end, function() return run("child") end }
    return won.id)");
  CHECK(raced.result == R"("c")");
  CHECK(happened == Strings{"make c", "ensure closed"});
}

TEST_CASE_METHOD(FamilyFixture, "a child is cancelled with the run that started it") {
  const Result<std::string> id = start(R"(
    parallel { function() run("patient") end, function() run("patient") end })");
  REQUIRE(id);
  std::function<void()> look = [&] {
    store->flush();
    if (store::list_waiting(**store->reader(), *id, 10)->size() < 2) return loop.defer(look);
    REQUIRE(runner->cancel(*id, "unix:other"));
  };
  loop.defer(look);
  loop.run();
  settle();
  CHECK((*last)->state == "cancelled");
  for (const store::RunRecord& child : others(*id)) {
    CHECK(child.state == "cancelled");
    CHECK(child.error.find("cancelled by run:" + *id) != std::string::npos);
  }
  CHECK(happened == Strings{"ensure closed", "ensure closed"});
}

TEST_CASE_METHOD(FamilyFixture, "a detached child goes its own way") {
  runbook("slow", R"(sleep "20ms" return box.make{ id = "slow" }.id)");
  const Outcome ended = run(R"(return run("slow", {}, { detached = true }).run)");
  settle();
  const auto children = others(ended.id);
  REQUIRE(children.size() == 1);
  CHECK(ended.result == "\"" + children[0].id + "\"");
  CHECK(children[0].state == "succeeded");
  CHECK(children[0].parent == 0);
  CHECK(happened == Strings{"make slow"});
}

TEST_CASE_METHOD(FamilyFixture, "the child of a dry run is dry") {
  const Outcome ended = run(R"(
    local made = run("child", { id = "d" })
    local planned = run("child", { id = box.make{ id = "e" }.id })
    return made.id)",
                            "", true);
  CHECK(ended.state == "succeeded");
  CHECK(happened.empty());
  REQUIRE(others(ended.id).size() == 1);
  CHECK(others(ended.id).front().dry_run);
}

TEST_CASE_METHOD(FamilyFixture, "runs that start each other in a circle come to an end") {
  runbook("circle", R"(run("circle"))");
  const Outcome ended = run(R"(run("circle"))");
  CHECK(ended.state == "failed");
  CHECK(ended.error.find("RESOURCE_EXHAUSTED") != std::string::npos);
  CHECK(ended.error.find("is the last of 16 runs that were started by each other") !=
        std::string::npos);
  CHECK(others(ended.id).size() == 16);
}

TEST_CASE_METHOD(FamilyFixture, "a child that goes on as another run is awaited to the last") {
  runbook("paged", R"(if ctx.params.id == "c" then continue_as{ id = "d" } return end
    sleep "2ms" return ctx.params.id)");
  const Outcome ended = run(R"(return run("paged"))");
  CHECK(ended.result == R"("d")");
  CHECK(others(ended.id).size() == 2);
}

TEST_CASE_METHOD(FamilyFixture, "retry starts a child anew") {
  runbook("moody", R"(if ctx.params.id == "1" then fail("NETWORK_ERROR", "no") end return "fine")");
  const Outcome ended = run(R"(
    return retry({ attempts = 2, first = "1ms" }, function(n)
      return run("moody", { id = tostring(n) })
    end))");
  CHECK(ended.result == R"("fine")");
  CHECK(others(ended.id).size() == 2);
}

TEST_CASE_METHOD(FamilyFixture,
                 "what a child declares as sensitive is sealed in its starter's journal") {
  write("discreet", R"(return runbook{ summary = "x",
    params = { pin = { "string", sensitive = true } },
    run = function(ctx) return ctx.params.pin == "4711" end })");
  const Outcome ended = run(R"(return run("discreet", { pin = "4711" }))");
  REQUIRE(ended.result == "true");
  CHECK(journal_text(ended.id).find("4711") == std::string::npos);
  const Strings journal = entries(ended.id);
  crash(ended.id, until(journal, journal.size() - 1));
  CHECK(resume(ended.id).result == "true");
}

TEST_CASE_METHOD(FamilyFixture,
                 "a child is started once and found again wherever the process dies") {
  const Outcome whole = run(R"(
    local got = parallel {
      function() return run("child", { id = "a" }).id end,
      function() return run("child", { id = "b" }).id end,
      function() return (pcall(timeout, "2ms", run, "patient")) end,
    }
    box.make{ id = "last" }
    return { got[1], got[2], got[3] })");
  REQUIRE(whole.result == R"(["a","b",false])");
  const Strings journal = entries(whole.id);
  const auto children = others(whole.id);
  REQUIRE(children.size() == 3);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    for (const bool interrupted : {false, true}) {
      INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
      const Strings left = until(journal, kept);
      crash(whole.id, left);
      for (const store::RunRecord& child : others(whole.id)) {
        const auto says = [&](const std::string& part) {
          return std::ranges::any_of(left, [&](const std::string& entry) {
            return entry.find(part) != std::string::npos;
          });
        };
        if (!says("\"ok\":\"" + child.id + "\"")) {
          remove(child.id);
        } else if (interrupted && !says("\"run\":\"" + child.id + "\"") &&
                   !says(R"("op":"stop_run","args":{"runbook":")" + child.runbook)) {
          crash(child.id, until(entries(child.id), 1));
        }
      }
      CHECK(resume(whole.id).result == whole.result);
      settle();
      CHECK(others(whole.id).size() == 3);
      for (const store::RunRecord& child : others(whole.id)) CHECK(child.state != "running");
    }
  }
}

TEST_CASE_METHOD(FamilyFixture, "children end with a run whose journal does not fit any more") {
  const Outcome whole = run(R"(run("patient"))", "timeout = '20ms',");
  REQUIRE(whole.state == "failed");
  const std::string child = others(whole.id).front().id;
  Strings journal = entries(whole.id);
  journal.resize(first(journal, R"("op":"run")") + 1);
  journal.push_back(R"({"t":"op","p":"","n":2,"op":"box.get","args":{"id":"q"},"effect":"read",)"
                    R"("line":"x","at":1,"ms":1,"ok":null})");
  crash(whole.id, journal);
  crash(child, until(entries(child), 1));
  CHECK(resume(whole.id).error.find("REPLAY_MISMATCH") != std::string::npos);
  settle();
  CHECK(others(whole.id).front().state == "cancelled");
}
