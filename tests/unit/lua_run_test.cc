// What a runbook's run sees: operations, values, steps, errors.
#include "tests/support/lua_run.h"

#include "tests/support/catch.h"

using namespace engine;
using tests::LuaRun;

TEST_CASE("a run returns a value") {
  LuaRun run;
  CHECK(run.run("return { a = 1, b = { 1, 2.5, 'x' } }") == R"({"a":1,"b":[1,2.5,"x"]})");
  CHECK(run.run("") == "null");
}

TEST_CASE("a run sees its parameters, id and trigger") {
  LuaRun run;
  CHECK(run.run("return { ctx.params.name, ctx.id, ctx.trigger.kind, ctx.dry_run }",
                R"({"name":"db"})") == R"(["db","run1","person",false])");
}

TEST_CASE("an operation looks like a plain call") {
  LuaRun run;
  run.outside.answers["box.item.get"] = [](std::string_view) {
    return Result<std::string>(R"({"size":7})");
  };

  CHECK(run.run("local it = box.item.get{ id = 'x' }\nreturn it.size + 1") == "8");
  CHECK(run.outside.events.at(0) == R"(call #1 box.item.get{"id":"x"} step 0 at test.lua:1)");
}

TEST_CASE("an operation's error is raised where it was called, and names what failed") {
  LuaRun run;
  CHECK(run.run("local x\nbox.fail{}") == "NOT_FOUND: there is no such box");
  const lua::Failure& failure = run.interpreter->outcome().error();
  REQUIRE(failure.traceback.size() == 1);
  CHECK(failure.traceback[0].at.source == "test.lua");
  CHECK(failure.traceback[0].at.line == 2);
  CHECK(failure.traceback[0].function == "main");
  CHECK(failure.excerpt == "  2 | box.fail{}\n    | ^");

  CHECK(run.run("local ok, err = pcall(box.fail)\nreturn { ok, err.code, err.message, err.hint, "
                "tostring(err) }") ==
        R"j([false,"NOT_FOUND","there is no such box","look elsewhere",)j"
        R"j("NOT_FOUND: there is no such box (look elsewhere)"])j");
}

TEST_CASE("an error of Lua's own keeps its words, with the runbook's line") {
  LuaRun run;
  CHECK(run.run("local t = {}\nreturn t.x.y") ==
        "FAILED: test.lua:2: attempt to index a nil value (field 'x')");
  CHECK(run.interpreter->outcome().error().excerpt == "  2 | return t.x.y\n    |          ^");
}

TEST_CASE("an error of our own library gives the runbook's line") {
  LuaRun run;
  CHECK(run.run("\nlocal text = table.concat({ 1, {}, 3 })") ==
        "FAILED: test.lua:2: invalid value (table) at index 2 in table for 'concat'");
  CHECK(run.run("\ntable.insert({}, 5, 1)") ==
        "FAILED: test.lua:2: bad argument #2 to 'insert' (position out of bounds)");
  CHECK(run.run("\nlocal ok, err = pcall(table.insert, {}, 5, 1) return err") ==
        "\"test.lua:2: bad argument #2 to 'insert' (position out of bounds)\"");
}

TEST_CASE("a traceback shows the runbook's lines alone, and steps by their names") {
  LuaRun run;
  CHECK(run.run("local function clean()\n error('no') end\nstep('Clean up', function()\n clean() "
                "end)\n") == "FAILED: test.lua:2: no");
  const auto& frames = run.interpreter->outcome().error().traceback;
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].function == "function 'clean'");
  CHECK(frames[1].function == "step 'Clean up'");
  CHECK(frames[2].function == "main");
}

TEST_CASE("steps nest, time what is in them, and know how it ended") {
  LuaRun run;
  run.run(
      "step('A', function()\n step('B', function() box.item.get{} end)\n log.info('in a', { n = 1 "
      "}) end)\n"
      "pcall(step, 'C', function() fail('NOT_FOUND', 'nothing') end)");
  CHECK(run.outside.events ==
        std::vector<std::string>{"step 1 in 0 A at 1", "step 2 in 1 B at 2",
                                 "call #1 box.item.get{} step 2 at test.lua:2", "end 2",
                                 R"(info in a {"n":1} step 1)", "end 1", "step 3 in 0 C at 4",
                                 "end 3 NOT_FOUND: nothing"});
}

TEST_CASE("a misspelt word is an error that offers the right one") {
  LuaRun run;
  CHECK(run.run("paralell { }") ==
        "INVALID_ARGUMENT: there is no variable or plugin named 'paralell'");
  CHECK(run.interpreter->outcome().error().error.hint == "did you mean 'parallel'?");
  CHECK(run.run("return io.open('/etc/passwd')") ==
        "INVALID_ARGUMENT: there is no 'io' in a runbook");
  CHECK(run.interpreter->outcome().error().error.hint.starts_with("files are read and written by"));
  CHECK(run.run("box.item.gett{}") == "NOT_FOUND: no operation named 'box.item.gett'");
  CHECK(run.interpreter->outcome().error().error.hint == "did you mean 'box.item.get'?");
}

TEST_CASE("report, log and print leave the run as they are") {
  LuaRun run;
  run.run("report 'done'\nreport { a = 1 }\nprint('x', nil, 2)\nlog.warn('careful')");
  CHECK(run.outside.events == std::vector<std::string>{"report \"done\"", R"(report {"a":1})",
                                                       "info x\tnil\t2 {} step 0",
                                                       "warn careful {} step 0"});
}

TEST_CASE("fail raises an error that a caller can branch on") {
  LuaRun run;
  CHECK(run.run("fail('CONFLICT', 'taken', { hint = 'wait', details = { by = 'me' } })") ==
        "CONFLICT: taken");
  CHECK(run.interpreter->outcome().error().error.details == R"({"by":"me"})");
  CHECK(run.run("fail('x')") == "INVALID_ARGUMENT: fail takes a code and a message, both text");
}

TEST_CASE("a secret is a reference that cannot become text by accident") {
  LuaRun run;
  CHECK(run.run("return secret('slack/token')") == R"({"$secret":"slack/token"})");
  CHECK(run.run("return tostring(secret('slack/token'))") == "\"secret(slack/token)\"");
  CHECK(run.run("return 'x' .. secret('t')").find("cannot be joined") != std::string::npos);
}
