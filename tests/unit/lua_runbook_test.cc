// What runbook{...} declares, and how faults in it are told.
#include "tests/support/catch.h"
#include "tests/support/lua_run.h"

using namespace engine;
using tests::LuaRun;

namespace {

std::string fault(std::string_view text) {
  LuaRun run;
  const Result<void> loaded = run.load(text);
  return loaded ? "none" : loaded.error().message;
}

}  // namespace

TEST_CASE("a runbook declares what it is, takes and may do") {
  LuaRun run;
  REQUIRE(run.load(R"(
    return runbook {
      summary = "Cleans up.", severity = "P2", timeout = "2h",
      on = { alert "DiskFull", cron "0 3 * * *" },
      params = {
        since = { "duration", default = "1h", help = "how far back", max = "1d" },
        kind = { "enum", values = { "a", "b" } },
        count = { "integer", required = false },
      },
      allow = { "fs:change", "process.exec" },
      run = function() end,
    })"));
  const lua::RunbookInfo& info = run.interpreter->info();
  CHECK(info.summary == "Cleans up.");
  CHECK(info.severity == "P2");
  CHECK(info.timeout == Millis(7'200'000));
  CHECK(info.triggers ==
        R"([{"kind":"alert","name":"DiskFull"},{"kind":"cron","schedule":"0 3 * * *"}])");
  CHECK(info.allow == std::vector<std::string>{"fs:change", "process.exec"});
  REQUIRE(info.params.size() == 3);
  CHECK(info.params[0].name == "count");
  CHECK(!info.params[0].required);
  CHECK(info.params[1].required);
  CHECK(info.params[1].choices == std::vector<std::string>{"a", "b"});
  CHECK(info.params[2].fallback == "3600000");
  CHECK(info.params[2].max == 86'400'000);
  CHECK(info.params[2].help == "how far back");
}

TEST_CASE("parameters in a list keep their order") {
  LuaRun run;
  REQUIRE(run.load(R"(return runbook { summary = "x", run = print, params = {
    { "zone", "string", "Where" }, { "ready", "duration", "How long", "60s" } } })"));
  REQUIRE(run.interpreter->info().params.size() == 2);
  CHECK(run.interpreter->info().params[0].name == "zone");
  CHECK(run.interpreter->info().params[0].required);
  CHECK(run.interpreter->info().params[1].fallback == "60000");
}

TEST_CASE("faults in a runbook name file, line and what is wrong") {
  CHECK(fault("return 1") == "test.lua: the file does not return a runbook");
  CHECK(fault("return { run = print }") == "test.lua: the file does not return a runbook");
  CHECK(fault("\nreturn runbook { summary = 'x' }") ==
        "test.lua:2: the runbook has no function named run");
  CHECK(fault("return runbook {\n run = print,\n sumary = 'x' }") ==
        "test.lua:3: there is no 'sumary' in a runbook");
  CHECK(fault("return runbook {\n run = print,\n params = {\n a = { 'strin' } } }") ==
        "test.lua:4: params.a: there is no type 'strin'");
  CHECK(fault("return runbook { run = print, params = { a = { 'integer', default = 'x' } } }")
            .starts_with("test.lua:1: params.a: the default of 'a'"));
  CHECK(fault("return runbook { run = print, timeout = 'soon' }")
            .starts_with("test.lua:1: timeout: "));
  CHECK(fault("return runbook { run = print, params = { a = { 'enum' } } }") ==
        "test.lua:1: params.a: an enum needs its values");
  CHECK(fault("return runbook { run = print, on = { print } }") ==
        "test.lua:1: runbook: on[1]: a function has no JSON form");
  CHECK(fault("local x = 1\nlocal y = = 2") == "test.lua:2:11: unexpected symbol near '='");
  CHECK(fault("\nerror('no')") == "test.lua:2: no");
  CHECK(fault("\nfoo.bar()") == "test.lua:2: there is no variable or plugin named 'foo'");
}

TEST_CASE("a syntax error shows the line and a caret") {
  LuaRun run;
  const Result<void> loaded = run.load("local a\nlocal y = = 2\n");
  REQUIRE(!loaded);
  CHECK(loaded.error().code == "INVALID_ARGUMENT");
  CHECK(loaded.error().hint == "  2 | local y = = 2\n    |           ^");
}
