// The control words: side by side, bounded, again.
#include "tests/support/catch.h"
#include "tests/support/lua_run.h"

using namespace engine;
using tests::LuaRun;

TEST_CASE("parallel answers results in the shape of its functions") {
  LuaRun run;
  CHECK(run.run("return parallel { function() return box.item.get{ n = 1, delay = 5 }.n end, "
                "function() return 2 end }") == "[1,2]");
  CHECK(run.run("return parallel { a = function() return 1 end, b = function() return 'x' end }") ==
        R"({"a":1,"b":"x"})");
  CHECK(run.run("return parallel {}") == "[]");
}

TEST_CASE("places name the task and the call within it") {
  LuaRun run;
  run.run(
      "box.item.get{}\nparallel { function() box.item.get{} end,\n"
      "function() parallel { function() box.item.stop{} end } box.item.get{} end "
      "}\nbox.item.start{}");
  CHECK(run.outside.events ==
        std::vector<std::string>{"call #1 box.item.get{} step 0 at test.lua:1",
                                 "call 2.1#1 box.item.get{} step 0 at test.lua:2",
                                 "call 2.2/1.1#1 box.item.stop{} step 0 at test.lua:3",
                                 "call 2.2#2 box.item.get{} step 0 at test.lua:3",
                                 "call #3 box.item.start{} step 0 at test.lua:4"});
}

TEST_CASE("parallel runs at most its limit at once") {
  LuaRun run;
  CHECK(run.run(R"(
    local now, most = 0, 0
    local function work()
      now = now + 1 most = math.max(most, now) box.item.get{ delay = 2 } now = now - 1
    end
    parallel { work, work, work, work, work, limit = 2 }
    return most)") == "2");
}

TEST_CASE("parallel: the first failure cancels the rest before pcall returns") {
  LuaRun run;
  CHECK(run.run(R"(
    local closed = 0
    local guard = setmetatable({}, { __close = function() closed = closed + 1 end })
    local ok, err = pcall(parallel, {
      function() sleep "2ms" fail("CONFLICT", "first") end,
      function() local g <close> = guard; box.item.stop{ id = "slow", delay = 100000 } end,
    })
    return { ok, err.code, closed })") == R"([false,"CONFLICT",1])");
  CHECK(run.outside.saw(R"(dropped box.item.stop{"delay":100000,"id":"slow"})"));
  run.interpreter.reset();
  CHECK(Task::alive == 0);
}

TEST_CASE("siblings may call operations while they close, and the parent wakes after that") {
  LuaRun run;
  CHECK(run.run(R"(
    local guard = setmetatable({}, {
      __close = function() box.item.start{ delay = 3 } log.info("closed") end })
    local ok, err = pcall(parallel, {
      function() sleep "1ms" fail("CONFLICT", "first") end,
      function() local g <close> = guard; box.item.stop{ delay = 100000 } end,
    })
    log.info("woke")
    return err.code)") == "\"CONFLICT\"");
  const auto& events = run.outside.events;
  CHECK(events.at(events.size() - 2).starts_with("info closed"));
  CHECK(events.back().starts_with("info woke"));
}

TEST_CASE("a sibling that closes for longer than the grace is ended") {
  LuaRun run;
  run.limits.close_grace = Millis(20);
  CHECK(run.run(R"(
    local late = setmetatable({}, {
      __close = function() box.item.start{ delay = 100000 } log.info("never") end })
    local outer = setmetatable({}, { __close = function() log.info("outer") end })
    local ok, err = pcall(parallel, {
      function() sleep "1ms" fail("CONFLICT", "first") end,
      function()
        local o <close> = outer; local g <close> = late; box.item.stop{ delay = 100000 }
      end,
    })
    return err.code)") == "\"CONFLICT\"");
  CHECK(run.outside.saw("info outer {} step 0"));
  CHECK(!run.outside.saw("info never {} step 0"));
}

TEST_CASE("collect keeps failures as results") {
  LuaRun run;
  CHECK(run.run(R"(
    local all = parallel { function() return 1 end, function() box.fail{} end, collect = true }
    return { all[1].ok, all[1].value, all[2].ok, all[2].error.code })") ==
        R"([true,1,false,"NOT_FOUND"])");
}

TEST_CASE("timeout raises TIMEOUT after what it bounds has closed") {
  LuaRun run;
  CHECK(run.run(R"(
    local guard = setmetatable({}, { __close = function() log.info("closed") end })
    local ok, err = pcall(timeout, "5ms", function()
      local g <close> = guard; box.item.get{ delay = 100000 }
    end)
    return { ok, err.code, err.message })") == R"([false,"TIMEOUT","it did not end within 5ms"])");
  CHECK(run.outside.saw("info closed {} step 0"));
  CHECK(run.run("return { timeout('1m', function(a) return a, nil, 3 end, 1) }") == "[1,null,3]");
}

TEST_CASE("retry tries again, waits longer each time, and says so") {
  LuaRun run;
  CHECK(run.run(R"(
    local tries = 0
    return retry({ attempts = 4, first = "1ms", jitter = false }, function(attempt)
      tries = tries + 1
      if tries < 4 then fail("BACKEND_UNAVAILABLE", "away") end
      return tries * 10 + attempt
    end))") == "44");
  CHECK(run.outside.events == std::vector<std::string>{"retry 2/4 after 1 BACKEND_UNAVAILABLE",
                                                       "retry 3/4 after 2 BACKEND_UNAVAILABLE",
                                                       "retry 4/4 after 4 BACKEND_UNAVAILABLE"});
}

TEST_CASE("retry repeats neither what it was not asked to nor what may have happened") {
  LuaRun run;
  CHECK(run.run("retry({ attempts = 3, first = '1ms', on = { 'TIMEOUT' } }, function() box.fail{} "
                "end)") == "NOT_FOUND: there is no such box");
  run.outside.answers["box.item.stop"] = [](std::string_view) {
    Error error(code::kNetworkError, "the line went dead");
    error.outcome_unknown = true;
    return Result<std::string>(fail(error));
  };
  CHECK(run.run("retry({ attempts = 3, first = '1ms', on = { 'NETWORK_ERROR' } }, function() "
                "box.item.stop{} end)") == "NETWORK_ERROR: the line went dead");
  for (const std::string& event : run.outside.events) CHECK(!event.starts_with("retry"));
  CHECK(run.run("retry({ attemps = 3 }, print)") ==
        "INVALID_ARGUMENT: retry has no option 'attemps'");
}

TEST_CASE("an error keeps its place through parallel, retry and pcall") {
  LuaRun run;
  CHECK(run.run("local function deep()\n  box.fail{}\nend\nparallel { function()\n retry({ "
                "attempts = 1 }, deep) end }") == "NOT_FOUND: there is no such box");
  CHECK(run.interpreter->outcome().error().traceback.at(0).at.line == 2);
}

TEST_CASE("a task's traceback goes on where the task was started") {
  const char* body = GENERATE(
      "parallel {\n function() error('no') end }", "timeout('1s',\n function() box.fail{} end)",
      "parallel {\n function() parallel { function() box.fail{} end } end }");
  LuaRun run;
  run.run(body);
  const auto& frames = run.interpreter->outcome().error().traceback;
  INFO(body);
  REQUIRE(frames.size() >= 2);
  CHECK(frames[0].at.line == 2);
  CHECK(frames[0].function.starts_with("task "));
  CHECK(frames.back().function == "main");
}

TEST_CASE("waits want durations") {
  LuaRun run;
  run.outside.show_waits = true;
  CHECK(run.run("sleep '2ms' sleep(1)") == "null");
  CHECK(run.outside.events == std::vector<std::string>{"wait #1 2", "wait #2 1"});
  CHECK(run.run("sleep 'soon'").starts_with("INVALID_ARGUMENT: sleep: "));
  CHECK(run.run("sleep{ till = os.time() - 1 } sleep{ till = '2020-01-01T00:00:00Z' }") == "null");
  for (const char* till : {"-1", "1e300", "0/0", "'soon'", "{}", "nil"}) {
    INFO(till);
    CHECK(run.run("sleep{ till = " + std::string(till) + " }")
              .starts_with("INVALID_ARGUMENT: sleep: "));
  }
  CHECK(run.run("parallel { 1 }") ==
        "INVALID_ARGUMENT: parallel takes functions, limit and collect, not a number as '1'");
}

TEST_CASE("more tasks than a run may have are refused") {
  LuaRun run;
  run.limits.tasks = 3;
  CHECK(run.run("parallel { print, print, print }")
            .starts_with("RESOURCE_EXHAUSTED: a run may have 3 tasks"));
}

TEST_CASE("first answers what ended first and its key and the others have closed by then") {
  LuaRun run;
  CHECK(run.run(R"(
    local guard = setmetatable({}, { __close = function() log.info("closed") end })
    local value, key = first {
      slow = function() local g <close> = guard; box.item.stop{ delay = 100000 } end,
      fast = function() sleep "1ms" return { 7 } end,
    }
    return { value[1], key })") == R"([7,"fast"])");
  CHECK(run.outside.saw("info closed {} step 0"));
  CHECK(run.run("return { first { function() return nil end } }") == "[null,1]");
}

TEST_CASE("first raises a failure that ends first and says how it is called") {
  LuaRun run;
  CHECK(run.run("return first { function() box.fail{} end, function() sleep '1h' end }")
            .starts_with("NOT_FOUND"));
  CHECK(run.run("first {}") == "INVALID_ARGUMENT: first takes at least one function");
  CHECK(run.run("first { 1 }") == "INVALID_ARGUMENT: first takes a function, not a number");
}
