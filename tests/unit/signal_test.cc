// Signals: what reaches a run from outside, and what it waits for.
#include "engine/store/mail.h"
#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

class MailFixture : public CrashFixture {
 public:
  void send(const std::string& run, const std::string& kind, const std::string& name,
            const std::string& data) {
    change([&](store::Database& db) -> Result<void> {
      const Result<int64_t> sent =
          store::send_mail(db, {0, run, kind, name, data, "unix:other", system_clock().wall_ms()});
      return sent ? Result<void>() : fail(sent.error());
    });
  }
  std::vector<store::Waiting> waiting(const std::string& run) {
    return *store::list_waiting(**store->reader(), run, 100);
  }
  // Starts it and goes on until it is seen to wait for so many things.
  std::string start_and_wait(const std::string& body, size_t count = 1) {
    const Result<std::string> id = start(body);
    REQUIRE(id);
    bool seen = false;
    std::function<void()> look = [&] {
      store->flush();
      if (waiting(*id).size() < count) return loop.defer(look);
      seen = true;
      loop.stop();
    };
    loop.defer(look);
    while (!seen) loop.run();
    return *id;
  }
};

}  // namespace

TEST_CASE_METHOD(MailFixture, "a signal may come before the wait and each is given to one wait") {
  const Outcome ended = run(R"(
    signal(ctx.id, "go", { n = 1 })
    signal(ctx.id, "other")
    signal(ctx.id, "go", { n = 2, host = { name = "b", up = true } })
    signal(ctx.id, "go", "text")
    local matched = wait_for{ signal = "go", match = { host = { name = "b" } } }
    local oldest = wait_for{ signal = "go" }
    local other = wait_for{ signal = "other" }
    return { matched.data.n, oldest.data.n, wait_for{ signal = "go" }.data, other.data == nil,
      oldest.by == "run:" .. ctx.id, oldest.signal })");
  CHECK(ended.result == R"([2,1,"text",true,true,"go"])");
}

TEST_CASE_METHOD(MailFixture, "waits side by side are served in the order in which they began") {
  const Outcome ended = run(R"(
    local function wait() return wait_for{ signal = "go" }.data end
    local done = parallel { wait, wait, function()
      signal(ctx.id, "go", "a") signal(ctx.id, "go", "b")
    end }
    return { done[1], done[2] })");
  CHECK(ended.result == R"(["a","b"])");
}

TEST_CASE_METHOD(MailFixture, "a wait for a signal has an end and an age") {
  const Outcome ended = run(R"(
    local ok, err = pcall(wait_for, { signal = "never", timeout = "5ms" })
    signal(ctx.id, "old")
    sleep "5ms"
    local late = select(2, pcall(wait_for, { signal = "old", since = "now", timeout = "5ms" }))
    local bounded = select(2, pcall(timeout, "5ms", function() wait_for{ signal = "never" } end))
    return { err.code, err.message, late.code, bounded.code,
      wait_for{ signal = "old", since = "1h" }.signal })");
  CHECK(ended.result ==
        R"(["TIMEOUT","no signal 'never' came within 5ms","TIMEOUT","TIMEOUT","old"])");
}

TEST_CASE_METHOD(MailFixture,
                 "what is wrong with a signal or a wait is said at the runbook's line") {
  const Outcome ended = run(R"(
    local function message(fn, ...) return select(2, pcall(fn, ...)).message end
    return { message(wait_for, {}), message(wait_for, { signal = "a", often = 1 }),
      message(signal, 1), message(signal, "zzzz", "go") })");
  CHECK(ended.result == R"(["wait_for needs signal","wait_for has no option 'often'",)"
                        R"("signal takes a run's id, a name and, if you like, data",)"
                        R"("no run's id begins with 'zzzz'"])");
  const Outcome raised = run("\nwait_for{ signal = 1 }");
  CHECK(raised.error.find("wait_for: signal is a string, not a number") != std::string::npos);
  CHECK(raised.error.find(R"("line":4)") != std::string::npos);
}

TEST_CASE_METHOD(MailFixture, "a run says in the store what it waits for while it does") {
  const std::string id = start_and_wait(R"(
    parallel { function() wait_for{ signal = "a" } end, function() wait_for{ signal = "b" } end })",
                                        2);
  const auto waits = waiting(id);
  CHECK(waits[0].kind == "wait_for");
  CHECK(waits[0].what == R"({"signal":"a"})");
  CHECK(waits[0].line == "t1.lua:4");
  CHECK(waits[1].place == "1.2:1");
  send(id, "signal", "a", "null");
  send(id, "signal", "b", "null");
  CHECK(store->ring((*store::find_run(**store->reader(), id)).owner));
  loop.run();
  REQUIRE(last != nullptr);
  CHECK((*last)->state == "succeeded");
  CHECK(waiting(id).empty());
}

TEST_CASE_METHOD(MailFixture, "a cancel that was sent reaches the run and counts once") {
  const std::string id = start_and_wait(R"(
    local guard <close> = setmetatable({}, { __close = function() box.ensure{ id = "c" } end })
    wait_for{ signal = "never" })");
  send(id, "cancel", "", "{}");
  REQUIRE(store->ring((*store::find_run(**store->reader(), id)).owner));
  loop.run();
  REQUIRE((*last)->state == "cancelled");
  CHECK((*last)->error.find("cancelled by unix:other") != std::string::npos);
  CHECK(happened == Strings{"ensure c"});
  CHECK(store::mail_of(**store->reader(), id, 0)->empty());  // it is not for another attempt

  const Strings journal = entries(id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    crash(id, until(journal, kept));
    CHECK(resume(id).state == "cancelled");
    CHECK((*last)->error.find("cancelled by unix:other") != std::string::npos);
  }
}

TEST_CASE_METHOD(MailFixture, "mail is found also where nobody rang") {
  const std::string id = start_and_wait(R"(return wait_for{ signal = "go" }.data)");
  send(id, "signal", "go", "1");
  loop.run();
  CHECK((*last)->result == "1");
}

TEST_CASE_METHOD(MailFixture,
                 "mail stays with a run that may go on and goes with one that need not") {
  const auto mail_of = [&](const std::string& id) {
    return store::mail_of(**store->reader(), id, 0)->size();
  };
  const Outcome failed =
      run(R"(signal(ctx.id, "go") wait_for{ signal = "go" } fail("FAILED", "x"))");
  CHECK(mail_of(failed.id) == 1);
  const Outcome succeeded = run(R"(signal(ctx.id, "go") wait_for{ signal = "go" })");
  CHECK(mail_of(succeeded.id) == 0);
  CHECK(mail_of(failed.id) == 1);
  change(
      [&](store::Database& db) { return execute(db, "DELETE FROM run WHERE id = ?", failed.id); });
  CHECK(mail_of(failed.id) == 0);
}

TEST_CASE_METHOD(MailFixture, "rule 12: a signal is taken once whenever the process dies") {
  const std::string body = R"(
    local got = parallel {
      function() return wait_for{ signal = "go", match = { n = 2 } }.data.n end,
      function() return wait_for{ signal = "go" }.data.n end,
      function() signal(ctx.id, "go", { n = 1 }) box.make{ id = "a" } end,
      function() signal(ctx.id, "go", { n = 2 }) sleep "1ms" end,
    }
    box.make{ id = "b" .. got[1] .. got[2] }
    return { got[1], got[2], pcall(wait_for, { signal = "go", timeout = "1ms" }) == false })";
  const Outcome whole = run(body);
  REQUIRE(whole.result == "[2,1,true]");
  const Strings journal = entries(whole.id);
  const std::vector<store::Mail> sent_in_all = signals(whole.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
    crash(whole.id, until(journal, kept));
    size_t sent = 0;
    for (size_t i = 0; i < kept; ++i)
      sent += journal[i].find(R"("op":"signal")") != std::string::npos;
    restore_mail(sent_in_all, sent);
    CHECK(resume(whole.id).result == whole.result);
  }
}

TEST_CASE_METHOD(MailFixture, "a large signal lies beside the journal") {
  const Outcome whole = run(R"(
    signal(ctx.id, "go", ("x"):rep(100000))
    return #wait_for{ signal = "go" }.data)");
  REQUIRE(whole.result == "100000");
  change(
      [](store::Database& db) { return db.exec("UPDATE run SET state = 'running', owner = 0"); });
  CHECK(resume(whole.id).result == "100000");
}

TEST_CASE_METHOD(MailFixture, "a dry run sends and awaits nothing") {
  const Outcome ended = run(R"(
    signal("nobody", "go")
    local got = wait_for{ signal = "go" }
    box.stop{ id = got.data.id }
    local choices = { "more", "reject" }
    return approve{ message = "Sure?" }.choice ..
      approve{ message = "?", default = "reject", choices = choices }.choice)",
                            "", true);
  CHECK(ended.state == "succeeded");
  CHECK(ended.result == R"("approvereject")");
  CHECK(happened.empty());
  CHECK((*store->reader())->number("SELECT count(*) FROM mail").value() == 0);
}

TEST_CASE_METHOD(MailFixture, "an approval is given to the place that asked") {
  const std::string id = start_and_wait(R"(
    local made = parallel {
      function() return approve{ message = "One?" } end,
      function() return approve{ message = "Two?", choices = { "a", "b" } }.choice end,
      function() return select(2, pcall(approve, { message = "Three?" })) end,
    }
    local one, three = made[1], made[3]
    return { one.choice, one.by, one.comment, made[2], three.code, three.message })",
                                        3);
  const auto asked = waiting(id);
  send(id, "approval", asked[1].place, R"({"choice":"b"})");
  send(id, "approval", asked[2].place, R"({"choice":"reject","comment":"no"})");
  send(id, "approval", asked[0].place, R"({"choice":"approve","comment":"fine"})");
  REQUIRE(store->ring((*store::find_run(**store->reader(), id)).owner));
  loop.run();
  const std::string answer =
      R"(["approve","unix:other","fine","b","PERMISSION_DENIED","rejected by unix:other: no"])";
  CHECK((*last)->result == answer);

  const Strings journal = entries(id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    crash(id, until(journal, kept));
    CHECK(resume(id).result == answer);
  }
}

TEST_CASE_METHOD(MailFixture, "an approval that nobody gives takes its default or raises") {
  const Outcome ended = run(R"(
    local taken = approve{ message = "?", timeout = "2ms", default = "approve" }
    local raised = select(2, pcall(approve, { message = "?", timeout = "2ms" }))
    local no = { message = "?", timeout = "2ms", default = "reject" }
    local refused = select(2, pcall(approve, no))
    local wrong = select(2, pcall(approve, { message = "?", default = "maybe" }))
    return { taken.choice, taken.timed_out, raised.code, refused.message, wrong.message })");
  CHECK(ended.result == R"(["approve",true,"TIMEOUT","nobody approved in time",)"
                        R"("approve: the default 'maybe' is none of the choices"])");
  const Strings journal = entries(ended.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    crash(ended.id, until(journal, kept));
    CHECK(resume(ended.id).result == ended.result);
  }
}

TEST_CASE_METHOD(MailFixture, "a new attempt asks for an approval anew") {
  const std::string id = start_and_wait(R"(
    step("Ask", function() approve{ message = "Sure?" } end)
    fail("FAILED", "no luck"))");
  send(id, "approval", waiting(id)[0].place, R"({"choice":"approve"})");
  REQUIRE(store->ring((*store::find_run(**store->reader(), id)).owner));
  loop.run();
  REQUIRE((*last)->state == "failed");
  REQUIRE(try_resume({.run = id, .from = "Ask"}));
  bool asked = false;
  std::function<void()> look = [&] {
    store->flush();
    if (waiting(id).empty()) return loop.defer(look);
    asked = true;
    CHECK(waiting(id)[0].place == "2/:1");
    REQUIRE(runner->cancel(id, "unix:test"));
  };
  loop.defer(look);
  loop.run();
  CHECK(asked);
  CHECK((*last)->state == "cancelled");
}

TEST_CASE_METHOD(CrashFixture, "ctx.deadline is when the run's time is over, also when replayed") {
  const Outcome whole = run(R"(
    box.ensure{ id = tostring(ctx.deadline) }
    return ctx.deadline - os.time() * 1000)",
                            "timeout = '1h',");
  const int64_t left = std::stoll(whole.result);
  CHECK(left > 3'590'000);
  CHECK(left <= 3'601'000);
  const Strings journal = entries(whole.id);
  crash(whole.id, until(journal, journal.size() - 1));
  CHECK(resume(whole.id).state == "succeeded");
  CHECK(run("return ctx.deadline == nil").result == "true");
}
