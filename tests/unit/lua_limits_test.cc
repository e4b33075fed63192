// What no script can escape: time slices, running time, memory.
#include "tests/support/catch.h"
#include "tests/support/lua_run.h"

using namespace engine;
using tests::LuaRun;

TEST_CASE("a long loop is cut into slices and goes on") {
  LuaRun run;
  run.slice = std::chrono::microseconds(100);
  CHECK(run.run("local n = 0 for i = 1, 300000 do n = n + 1 end return n") == "300000");
  CHECK(run.turns > 3);
}

TEST_CASE("instructions that copy much are cut too") {
  LuaRun run;
  run.slice = std::chrono::microseconds(100);
  // Far fewer instructions than lie between two looks at the clock.
  CHECK(run.run("local s = ('x'):rep(4 << 20) for i = 1, 100 do local t = s .. i end return 1") ==
        "1");
  CHECK(run.turns > 20);
}

TEST_CASE("a task that is cut keeps the run's turn") {
  LuaRun run;
  run.slice = std::chrono::microseconds(50);
  CHECK(run.run(R"(
    local order = {}
    parallel { function() for i = 1, 200000 do end order[#order + 1] = "long" end,
               function() order[#order + 1] = "short" end }
    return order)") == R"(["long","short"])");
}

TEST_CASE("no script computes for longer than its limit") {
  const char* body = GENERATE(
      "while true do end", "while true do pcall(function() while true do end end) end",
      "xpcall(function() while true do end end, function() while true do end end)",
      "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
      "local t = setmetatable({}, { __tostring = function() while true do pcall(error) end end }) "
      "return tostring(t)",
      "local g <close> = setmetatable({}, { __close = function() while true do end end }) "
      "error('x')",
      "local function f() return pcall(f) end while true do pcall(f) end",
      "while true do pcall(string.rep, 'x', 100000) end",
      "retry({ attempts = 1e9, first = 0 }, function() while true do end end)",
      "parallel { function() while true do end end, collect = true }");
  LuaRun run;
  run.limits.cpu = Millis(60);
  const std::string said = run.run(body);
  INFO(body);
  CHECK(said == "RESOURCE_EXHAUSTED: the run computed for longer than 60ms");
  REQUIRE(!run.interpreter->outcome().error().traceback.empty());
  CHECK(run.interpreter->outcome().error().traceback[0].at.line == 1);
}

TEST_CASE("no script takes more memory than its limit") {
  const char* body = GENERATE(
      "local t = {} while true do t[#t + 1] = {} end",
      "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1000) .. #t end) end",
      "local s = 'x' while true do s = s .. s end",
      "local function f() return f() + 1 end return (pcall(f))",
      "local t = {} while true do xpcall(function() while true do t[#t + 1] = {} end end, "
      "function() end) end",
      "local t = {} for i = 1, 1e9 do t[i] = i end");
  LuaRun run;
  run.limits.memory_bytes = 4 << 20;
  run.limits.cpu = Millis(20'000);
  const std::string said = run.run(body);
  INFO(body << " said " << said);
  CHECK((said.starts_with("RESOURCE_EXHAUSTED:") || said == "false"));
  CHECK(run.interpreter->memory_bytes() <= (4 << 20));
}

TEST_CASE("a run out of memory names the runbook's line") {
  LuaRun run;
  run.limits.memory_bytes = 2 << 20;
  CHECK(run.run("local t = {}\nwhile true do\n t[#t + 1] = {} end") ==
        "RESOURCE_EXHAUSTED: the run needs more than its 2 MiB of memory");
  CHECK(run.interpreter->outcome().error().traceback.at(0).at.line == 3);
}

TEST_CASE("a top level that loops for ever does not load") {
  LuaRun run;
  run.limits.cpu = Millis(50);
  const Result<void> loaded = run.load("while true do end");
  REQUIRE(!loaded);
  CHECK(loaded.error().code == "RESOURCE_EXHAUSTED");
}
