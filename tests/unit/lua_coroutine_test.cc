// The laws of waiting and of cancelling.
#include <algorithm>

#include "tests/support/catch.h"
#include "tests/support/lua_run.h"

using namespace engine;
using tests::LuaRun;

namespace {

// Runs `body` and cancels right after box.item.get has answered.
struct Cancelled : LuaRun {
  std::string run_and_cancel(std::string_view body, int cancels = 1) {
    outside.answers["box.item.get"] = [this, cancels](std::string_view args) {
      loop.defer([this, cancels] {
        for (int i = 0; i < cancels; ++i)
          interpreter->cancel(Error(code::kCancelled, "cancelled by ops"));
      });
      return Result<std::string>(std::string(args));
    };
    return run(body);
  }
};

}  // namespace

TEST_CASE("a cancel is raised where the run waits") {
  Cancelled run;
  // The operation's own answer was delivered before the cancel, so it counts.
  CHECK(
      run.run_and_cancel(
          "box.item.get{}\nlog.info('got')\nbox.item.stop{ delay = 100000 }\nlog.info('never')") ==
      "CANCELLED: cancelled by ops");
  CHECK(run.outside.saw("info got {} step 0"));
  CHECK(!run.outside.saw("info never {} step 0"));
  CHECK(run.interpreter->outcome().error().traceback.at(0).at.line == 3);
}

TEST_CASE("pcall cannot swallow a cancel for good") {
  Cancelled run;
  CHECK(run.run_and_cancel(R"(
    box.item.get{}
    for i = 1, 3 do
      local ok, err = pcall(sleep, "1h")
      log.info(err.code)
    end
    return "fine")") == "CANCELLED: cancelled by ops");
  CHECK(std::count(run.outside.events.begin(), run.outside.events.end(),
                   "info CANCELLED {} step 0") == 3);
}

TEST_CASE(
    "close handlers may call operations after a cancel, also through functions, pcall and "
    "parallel") {
  Cancelled run;
  CHECK(run.run_and_cancel(R"(
    local guard <close> = setmetatable({}, { __close = function()
      pcall(function() parallel { function() box.item.start{ id = 1 } end } end)
      box.item.start{ id = 2 }
    end })
    box.item.get{}
    sleep "1h")") == "CANCELLED: cancelled by ops");
  CHECK(run.outside.saw(R"(call 3.1#1 box.item.start{"id":1} step 0 at test.lua:3)"));
  CHECK(run.outside.saw(R"(call #4 box.item.start{"id":2} step 0 at test.lua:4)"));
}

TEST_CASE("a second cancel ends the run at once") {
  Cancelled run;
  CHECK(run.run_and_cancel(R"(
    local guard <close> = setmetatable({}, { __close = function() box.item.start{} end })
    step("Outer", function() box.item.get{} sleep "1h" end))",
                           2) == "CANCELLED: cancelled by ops");
  CHECK(run.outside.saw("end 1 CANCELLED: cancelled by ops"));
  for (const std::string& event : run.outside.events)
    CHECK(event.find("box.item.start") == std::string::npos);
}

TEST_CASE("a run that closes for longer than the grace is ended") {
  Cancelled run;
  run.limits.close_grace = Millis(20);
  CHECK(run.run_and_cancel(R"(
    local guard <close> = setmetatable({}, {
      __close = function() box.item.start{ delay = 100000 } end })
    box.item.get{}
    sleep "1h")") == "CANCELLED: cancelled by ops");
  CHECK(run.outside.saw(R"(dropped box.item.start{"delay":100000})"));
}

TEST_CASE("a cancelled run that loops for ever is ended when the grace is over") {
  Cancelled run;
  run.limits.close_grace = Millis(20);
  CHECK(run.run_and_cancel("box.item.get{}\nwhile true do pcall(sleep, '1h') end") ==
        "CANCELLED: cancelled by ops");
}

TEST_CASE("retry never repeats a cancel") {
  Cancelled run;
  CHECK(
      run.run_and_cancel("retry({ attempts = 5, first = '1ms', on = { 'CANCELLED' } }, function()\n"
                         "box.item.get{} sleep '1h' end)") == "CANCELLED: cancelled by ops");
  for (const std::string& event : run.outside.events) CHECK(!event.starts_with("retry"));
}

TEST_CASE("dropping an interpreter cancels everything it waits for") {
  {
    LuaRun run;
    run.outside.answers["box.item.get"] = [&run](std::string_view args) {
      run.loop.stop();
      return Result<std::string>(std::string(args));
    };
    REQUIRE(
        run.load("return runbook { run = function() parallel {\n"
                 "function() sleep '1h' end, function() timeout('1h', function() box.item.stop{ "
                 "delay = 100000 } end) "
                 "end,\nfunction() box.item.get{ delay = 1 } sleep '1h' end } end }"));
    const auto hold = run.loop.hold();
    run.interpreter->start("r", "{}", "{}");
    run.loop.set_turn([&run] { return run.interpreter->turn(run.slice) == lua::Turn::sliced; });
    run.loop.wake();
    run.loop.run();
    run.loop.set_turn([] { return false; });
  }
  CHECK(Task::alive == 0);
}

TEST_CASE("a wait where Lua cannot wait names the function, the line and what to do") {
  LuaRun run;
  const std::string said = run.run(
      "local t = setmetatable({}, { __tostring = function()\nbox.item.get{} end })\ntostring(t)");
  CHECK(
      said ==
      "INVALID_ARGUMENT: box.item.get waits, and cannot be called inside 'tostring' (test.lua:2)");
  CHECK(run.interpreter->outcome().error().error.hint ==
        "collect the values first, then call box.item.get in a loop");
}

TEST_CASE("waits work through pcall, metamethods and iterators") {
  LuaRun run;
  CHECK(run.run(R"(
    local t = setmetatable({}, { __index = function(_, k) return box.item.get{ k = k }.k end,
                                 __add = function() return box.item.get{ n = 5 }.n end })
    local function items()
      return function(_, i) i = i + 1 if i < 4 then return box.item.get{ i = i }.i end end, nil, 0
    end
    local sum = 0
    for i in items() do sum = sum + i end
    local _, y = xpcall(function() return box.item.get{ y = 1 }.y end, print)
    return { t.x, t + t, sum, y })") == R"(["x",5,6,1])");
}

TEST_CASE("xpcall's handler runs after unwinding, sees the traceback and may wait") {
  LuaRun run;
  CHECK(run.run("local function bad() error('oh') end\nreturn { xpcall(bad, function(err, trace)\n"
                "box.item.get{} return { err, trace } end) }") ==
        R"([false,["test.lua:1: oh","test.lua:1: in function at line 1\ntest.lua:2: in main\n"]])");
}

TEST_CASE("a runbook's top level cannot wait") {
  LuaRun run;
  const Result<void> loaded = run.load("box.item.get{}\nreturn runbook { run = print }");
  REQUIRE(!loaded);
  CHECK(loaded.error().code == "INVALID_ARGUMENT");
  CHECK(loaded.error().message ==
        "test.lua:1: box.item.get waits, and cannot be called at the top level of a runbook");
  CHECK(loaded.error().hint == "call it inside run\n  1 | box.item.get{}\n    | ^");
}
