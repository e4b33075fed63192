// What engine check finds in a source, and what it leaves alone.
#include "engine/lua/lint.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/lua/globals.h"
#include "engine/ops/registry.h"
#include "tests/support/catch.h"
#include "tests/support/lua_run.h"

using engine::lua::Finding;
using engine::lua::lint;
namespace ops = engine::ops;

namespace {

ops::Field field(std::string name, ops::Type type, bool required = false) {
  ops::Field made;
  made.name = std::move(name);
  made.type = type;
  made.required = required;
  return made;
}

ops::Operation operation(std::string name, ops::Effect effect, std::vector<ops::Field> params) {
  ops::Operation made;
  made.name = std::move(name);
  made.summary = "Does it.";
  made.effect = effect;
  made.params = std::move(params);
  made.start = [](ops::CallInput, engine::Done) { return engine::TaskPtr(); };
  return made;
}

ops::Registry make_registry() {
  using ops::Effect, ops::Type;
  ops::Registry registry;
  REQUIRE(registry.add(operation("fs.read", Effect::read,
                                 {field("path", Type::string, true), field("limit", Type::size)})));
  REQUIRE(registry.add(
      operation("fs.write", Effect::change,
                {field("path", Type::string, true), field("data", Type::string, true)})));
  REQUIRE(
      registry.add(operation("fs.remove", Effect::destroy, {field("path", Type::string, true)})));
  REQUIRE(
      registry.add(operation("docker.container.stop", Effect::change,
                             {field("id", Type::string, true), field("grace", Type::duration)})));
  REQUIRE(registry.add(
      operation("docker.container.list", Effect::read, {field("all", Type::boolean)})));
  ops::Operation exec = operation("process.exec", Effect::destroy,
                                  {field("argv", Type::list, true), field("read", Type::boolean)});
  exec.always_allowed_by_name = true;
  exec.effect_of = [](std::string_view args) {
    return args.find("\"read\":true") == std::string_view::npos ? Effect::destroy : Effect::read;
  };
  REQUIRE(registry.add(std::move(exec)));
  return registry;
}

// "line:column message" of each finding.
std::vector<std::string> said(std::string_view text) {
  static ops::Registry registry = make_registry();
  std::vector<std::string> lines;
  for (const Finding& finding : lint("a.lua", text, registry)) {
    lines.push_back(std::to_string(finding.line) + ":" + std::to_string(finding.column) + " " +
                    finding.message + (finding.hint.empty() ? "" : " | " + finding.hint));
  }
  return lines;
}

}  // namespace

TEST_CASE("what is wrong with a file is found without running it") {
  struct Case {
    const char *text, *finding;  // the beginning of the only one
  };
  const Case cases[] = {
      {"local x = = 2", "1:11 unexpected symbol near '='"},
      {"local x = 'abc\nprint(x)", "1:11 unfinished string near ''abc'"},
      {"if true then", "1:13 'end' expected near <eof>"},
      {"goto nowhere", "1:"},
      {"fs.raed{ path = 'x' }", "1:1 there is no operation 'fs.raed' | did you mean fs.read?"},
      {"local r = fs.read{ pth = 'x', path = 'y' }",
       "1:20 fs.read has no parameter 'pth' | did you mean 'path'?"},
      {"fs.read{ path = 5 }", "1:17 fs.read: parameter 'path' takes a string, not 5"},
      {"fs.read{ path = 'x', limit = -1 }", "1:30 fs.read: parameter 'limit' takes a size"},
      {"fs.read{}", "1:1 fs.read needs the parameter 'path'"},
      {"fs.read()", "1:1 fs.read needs the parameter 'path'"},
      {"fs.read 'x'", "1:9 fs.read takes one table of named arguments"},
      {"fs.read{ 'x' }", "1:10 fs.read takes named arguments only"},
      {"local exec = process.exex", "1:14 there is no operation 'process.exex'"},
      {"local c = docker.container\nc.stpo{ id = 'x' }",
       "2:1 there is no operation 'docker.container.stpo'"},
      {"local stop = docker.container.stop\nstop{ id = 'x', grace = 'soon' }",
       "2:25 docker.container.stop: parameter 'grace'"},
      {"docker.container{}", "1:1 docker.container is no operation, but holds some"},
      {"prnt('x')", "1:1 nothing is called 'prnt' here | did you mean print?"},
      {"local a = string.fromat('x')",
       "1:11 there is no string.fromat | did you mean string.format?"},
      {"io.open('x')", "1:1 nothing is called 'io' here | files are read"},
      {"os.execute('x')", "1:1 there is no os.execute | use process.exec"},
      {"return runbook{ run = function() fs.write{ path = 'a', data = 'b' } end }",
       "1:34 fs.write "},
      {"return runbook{ allow = { 'fs:change' }, run = function() fs.remove{ path = 'a' } end }",
       "1:59 fs.remove "},
      {"return runbook{ run = function() process.exec{ argv = {'a'}, read = true } end }",
       "1:34 process.exec "},
      {"return runbook{ allow = { 'fs:chnage' } }", "1:27 "},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto lines = said(c.text);
    REQUIRE(lines.size() == 1);
    INFO(lines[0]);
    CHECK(lines[0].starts_with(c.finding));
  }
}

TEST_CASE("a file is not blamed for what only a run can know") {
  const char* cases[] = {
      "local docker = {}\ndocker.anything.goes{ x = 1 }",
      "local function f(fs) return fs.raed{} end\nreturn f",
      "for _, fs in ipairs({}) do fs.raed() end",
      "local args = { path = 'x' }\nreturn fs.read(args)",
      "local x = 1\nreturn fs.read{ path = tostring(1), limit = x and 1 or 2 }, x == nil\n, "
      "(function(x) return x end)",
      "local key = 'path'\nreturn fs.read{ [key] = 'x' }",
      "local read = fs.read\nread = function() end\nread('x')",
      "helper = function() end\nhelper()",
      "function helper() end\nhelper()",
      "string.trim = function(s) return s end\nreturn string.trim(' x')",
      "return fs.read{ ['path'] = 'x', limit = '64KiB' }",
      "return docker.container.stop{ id = 'x', grace = '5s' }",
      "return { write = function() fs.write{ path = 'a', data = 'b' } end }",
      "return runbook{ allow = { 'fs:destroy' }, run = function() fs.write{ path = 'a', data = 'b' "
      "} end }",
      "return runbook{ allow = { 'process.exec' }, run = function(c) process.exec{ argv = "
      "c.params.argv } end }",
      "local list = { 'fs:change' }\nreturn runbook{ allow = list, run = function() fs.write{ path "
      "= 'a', data = 'b' } end }",
      "goto done\n::done::\nlocal x <const>, y <close> = 1, nil\nreturn x // 2 << 1, y, ~x, 0x1p4, "
      "[==[\n]]]==]",
      "local t = setmetatable({}, {})\nfunction t.a.b:c(...) return self, ... end",
      "local a <const> = 'x\\z\n   y\\u{1F600}\\065\\x41'\nreturn a",
      "step('Read', function() return fs.read{ path = secret('p') } end)",
      "local _ENV = {}\nanything()",
  };
  for (const char* text : cases) {
    INFO(text);
    const auto lines = said(text);
    for (const std::string& line : lines) INFO(line);
    CHECK(lines.empty());
  }
}

TEST_CASE("a finding is shown with its line, a caret and what to do") {
  ops::Registry registry = make_registry();
  const std::string text = "-- größe\nlocal ö = 'ü', fs.raed\n";
  const std::string good = "local s = 'ü' .. fs.raed{}\n";
  CHECK(lint("a.lua", text, registry).size() == 1);
  const auto findings = lint("a.lua", good, registry);

  REQUIRE(findings.size() == 1);
  CHECK(render("a.lua", findings[0], good) ==
        "a.lua:1:18: there is no operation 'fs.raed'\n"
        "  1 | local s = 'ü' .. fs.raed{}\n"
        "    |                  ^^^^^^^\n"
        "  hint: did you mean fs.read?\n");
}

TEST_CASE("the check knows the globals that a run has, and no others") {
  engine::tests::LuaRun run;
  const std::string there = run.run(R"(
    local names = {}
    for name, value in pairs(_G) do
      names[#names + 1] = name
      if type(value) == "table" and name ~= "_G" then
        for member in pairs(value) do names[#names + 1] = name .. "." .. member end
      end
    end
    table.sort(names)
    return table.concat(names, " ") .. " ")");
  std::vector<std::string> known;
  for (const std::string& name : engine::lua::global_names()) {
    known.push_back(name);
    for (const std::string& member : engine::lua::members_of(name))
      known.push_back(name + "." + member);
  }
  std::ranges::sort(known);
  std::string expected;
  for (const std::string& name : known) expected += name + " ";

  CHECK(there == "\"" + expected + "\"");
}
