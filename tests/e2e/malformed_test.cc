// Two hundred command lines, settings and runbooks that are wrong: each ends with its documented
// exit code, says something, and never crashes.
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using engine::test::Cli;
using engine::test::Ended;

namespace {

using Words = std::vector<std::string>;

struct Line {
  int code;
  Words words;
};

const std::vector<Line> kLines = {
    // The program itself.
    {64, {}},
    {64, {"nonsense"}},
    {64, {"rnu", "x"}},
    {64, {""}},
    {64, {" "}},
    {64, {"--nonsense"}},
    {64, {"-Z"}},
    {64, {"--output"}},
    {64, {"--output", "xml", "list"}},
    {64, {"-o", "", "list"}},
    {64, {"--color", "blue", "list"}},
    {64, {"--color"}},
    {64, {"--config"}},
    {64, {"--config=", "list"}},
    {64, {"--state-dir"}},
    {64, {"--quiet=yes", "list"}},
    {64, {"--help=yes"}},
    {64, {"--no-quiet", "list"}},
    {64, {"config"}},
    {64, {"config", "nonsense"}},
    {64, {"config", "show", "extra"}},
    {64, {"config", "show", "--nonsense"}},
    {64, {"config", "validate", "a", "b"}},
    {64, {"help", "nonsense"}},
    {64, {"version", "extra"}},
    {64, {"version", "--nonsense"}},
    {64, {"\xff\xfe"}},
    {64, {"run\n"}},
    {64, {"--"}},
    // run
    {64, {"run"}},
    {64, {"run", "--dry-run"}},
    {64, {"run", "--nonsense", "x"}},
    {64, {"run", "--param"}},
    {65, {"run", ""}},
    {65, {"run", "nonsense"}},
    {65, {"run", "../../etc/passwd"}},
    {65, {"run", "./missing.lua"}},
    {65, {"run", "/"}},
    {65, {"run", "."}},
    {65, {"run", "missing/"}},
    {65, {"run", "\xff"}},
    {65, {"run", "nonsense", "--help"}},
    {64, {"run", "./good.lua", "extra"}},
    {64, {"run", "./good.lua", "--nonsense"}},
    {64, {"run", "./good.lua", "--coutn", "1"}},
    {64, {"run", "./good.lua", "--count"}},
    {64, {"run", "./good.lua", "--no-count"}},
    {64, {"run", "./good.lua", "--clean=perhaps"}},
    {64, {"run", "./good.lua", "--no-clean=true"}},
    {64, {"run", "./good.lua", "-x"}},
    {64, {"run", "./good.lua", "--param", "count"}},
    {64, {"run", "./good.lua", "--param", "nonsense=1"}},
    {64, {"run", "./good.lua", "-o", "xml"}},
    {64, {"run", "./good.lua", "--labels", "novalue"}},
    {64, {"run", "./good.lua", "--text", "\xff"}},
    {65, {"run", "./good.lua", "--count", "many"}},
    {65, {"run", "./good.lua", "--count", "1.5"}},
    {65, {"run", "./good.lua", "--count", ""}},
    {65, {"run", "./good.lua", "--count", "99999999999999999999"}},
    {65, {"run", "./good.lua", "--count", "0x10"}},
    {65, {"run", "./good.lua", "--since", "yesterday"}},
    {65, {"run", "./good.lua", "--since", "-1h"}},
    {65, {"run", "./good.lua", "--since", "1h1h"}},
    {65, {"run", "./good.lua", "--since", ""}},
    {65, {"run", "./good.lua", "--space", "10XB"}},
    {65, {"run", "./good.lua", "--space", "much"}},
    {65, {"run", "./good.lua", "--level", "extreme"}},
    {65, {"run", "./good.lua", "--level", ""}},
    {65, {"run", "./needs.lua"}},
    {65, {"run", "./needs.lua", "--dry-run"}},
    {65, {"run", "./needs.lua", "-o", "json"}},
    // call
    {64, {"call"}},
    {65, {"call", ""}},
    {65, {"call", "nonsense"}},
    {65, {"call", "nonsense.thing"}},
    {65, {"call", "fs"}},
    {65, {"call", "fs."}},
    {65, {"call", ".fs"}},
    {65, {"call", "fs..read"}},
    {65, {"call", "fs.raed", "--path", "/x"}},
    {65, {"call", "fs.read"}},
    {64, {"call", "fs.read", "--paht", "/x"}},
    {64, {"call", "fs.read", "--path"}},
    {64, {"call", "fs.read", "/x"}},
    {64, {"call", "fs.read", "--arg", "path"}},
    {64, {"call", "fs.read", "--arg", "nonsense=1"}},
    {65, {"call", "crypto.uuid\nx"}},
    // looking
    {64, {"list", "extra"}},
    {64, {"list", "--nonsense"}},
    {64, {"show"}},
    {64, {"show", "a", "b"}},
    {65, {"show", "nonsense"}},
    {65, {"show", "./missing.lua"}},
    {65, {"ops", "nonsense"}},
    {65, {"ops", "fs.nonsense"}},
    {64, {"ops", "a", "b"}},
    {64, {"plugins", "extra"}},
    {64, {"runs", "extra"}},
    {64, {"runs", "--state", "sleepy"}},
    {64, {"runs", "--since", "never"}},
    {64, {"runs", "--limit", "0"}},
    {64, {"runs", "--limit", "-1"}},
    {64, {"runs", "--limit", "x"}},
    {64, {"runs", "--limit", "99999999999"}},
    {64, {"logs"}},
    {64, {"trace"}},
    {64, {"trace", "a", "b"}},
    {65, {"logs", "0000"}},
    {65, {"trace", "0000"}},
    {65, {"trace", "!"}},
    {65, {"trace", ""}},
    {65, {"trace", "' OR 1=1 --"}},
    {64, {"docs"}},
    {64, {"check", "--nonsense"}},
    {65, {"check", "./missing.lua"}},
    {65, {"check", "broken.toml"}},
    // settings
    {78, {"--config", "/nonexistent.toml", "list"}},
    {78, {"--config", "broken.toml", "list"}},
    {78, {"--config", "unknown.toml", "list"}},
    {78, {"--config", "type.toml", "run", "./good.lua"}},
    {78, {"--config", "permission.toml", "run", "./good.lua"}},
    {78, {"--config", ".", "list"}},
    {78, {"config", "validate", "broken.toml"}},
    {78, {"config", "validate", "unknown.toml"}},
    {78, {"config", "validate", "missing.toml"}},
    {78, {"--config", "broken.toml", "config", "show"}},
};

struct Book {
  int code;
  std::string text;
};

std::string body(const std::string& lua) {
  return "return runbook { summary = 's', run = function(ctx) " + lua + " end }";
}
std::string declared(const std::string& fields) {
  return "return runbook { summary = 's', " + fields + ", run = function() end }";
}

const std::vector<Book> kBooks = {
    // No runbook at all.
    {65, ""},
    {65, "return"},
    {65, "return 1"},
    {65, "return {}"},
    {65, "return nil, runbook {}"},
    {65, "return runbook {"},
    {65, "return runbook {}"},
    {65, "return runbook 'x'"},
    {65, "return runbook(nil)"},
    {65, "x = = 1"},
    {65, "\x1bLua"},
    {65, std::string("\0\0\0", 3)},
    {65, "\xff\xfe\xfd"},
    {65, "error('at the top')"},
    {65, "fs.list{ path = '/' } return runbook { summary = 's', run = function() end }"},
    {65, "local x <const> = 1; x = 2"},
    {65, "goto nowhere"},
    {65, "return runbook { summary = 's', run = 1 }"},
    {65, "return runbook { summary = 1, run = function() end }"},
    {65, "return runbook { run = 'x', summary = 's' }"},
    {65, std::string(300, '(') + std::string(300, ')')},
    {65, "for"},
    {65, "'unfinished"},
    {65, "--[[ unfinished"},
    {65, "require('missing')"},
    {65, "require('../x')"},
    // Wrong declarations.
    {65, declared("params = 1")},
    {65, declared("params = { { 'x' } }")},
    {65, declared("params = { { 'x', 'nonsense' } }")},
    {65, declared("params = { { 'x', 'integer', 'h', 'text' } }")},
    {65, declared("params = { { 'x', 'integer' }, { 'x', 'integer' } }")},
    {65, declared("params = { { 1, 'integer' } }")},
    {65, declared("params = { x = 'integer' , y = 5 }")},
    {65, declared("allow = 1")},
    {65, declared("allow = { 1 }")},
    {65, declared("allow = { 'nonsense' }")},
    {65, declared("allow = { 'fs:nonsense' }")},
    {65, declared("timeout = 'long'")},
    {65, declared("timeout = -1")},
    {65, declared("nonsense = 1")},
    // Runs that fail.
    {1, body("error('x')")},
    {1, body("error()")},
    {1, body("error({})")},
    {1, body("error({ code = 'X', message = 'y' })")},
    {1, body("fail('FAILED', 'it')")},
    {1, body("fail('my.CODE', 'it', { hint = 'h', details = { a = 1 } })")},
    {1, body("local x = nil; return x.y")},
    {1, body("return 1 + {}")},
    {1, body("nonsense()")},
    {1, body("return nonsense.thing{}")},
    {1, body("fs.nonsense{}")},
    {1, body("fs.read{}")},
    {1, body("fs.read{ path = 5 }")},
    {1, body("fs.read{ paht = '/x' }")},
    {1, body("fs.read('x')")},
    {1, body("fs.read{ path = '/nonexistent' }")},
    {1, body("fs.list{ path = '/nonexistent' }")},
    {1, body("local function f() return f() + 1 end return f()")},
    {1, body("while true do end")},
    {1, body("pcall(function() while true do end end) while true do end")},
    {1, body("local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end")},
    {1, body("return ('x'):rep(1 << 40)")},
    {1, body("return function() end")},
    {1, body("local t = {} t[1] = t return t")},
    {1, body("string.rep()")},
    {1, body("sleep(-1)")},
    {1, body("sleep('soon')")},
    {1, body("sleep()")},
    {1, body("step()")},
    {1, body("step('x')")},
    {1, body("step('x', function() error('inside') end)")},
    {1, body("parallel()")},
    {1, body("parallel{ 1 }")},
    {1, body("parallel{ function() error('one') end, function() sleep('1h') end }")},
    {1, body("retry()")},
    {1, body("retry({ attempts = 2, first = '1ms' }, function() error('again') end)")},
    {1, body("retry({ attempts = 'x' }, function() end)")},
    {1, body("timeout()")},
    {1, body("require('missing')")},
    {1, body("json.decode('{')")},
    {1, body("json.decode(('['):rep(1000))")},
    {1, body("return os.exit(0)")},
    {1, body("return io.open('/etc/passwd')")},
    {1, body("return load('x')()")},
    {1, body("coroutine.yield()")},
    {1, body("setmetatable(_G, { __index = error }) return nonsense")},
    {1, body("table.sort({ 3, 2, 1 }, function() error('in sort') end)")},
    {1, body("secret()")},
    // Not permitted, timed out.
    {77, body("fs.write{ path = '/tmp/never', data = 'x' }")},
    {77, body("fs.remove{ path = '/tmp/never' }")},
    {124, body("timeout('1ms', function() sleep('1h') end)")},
    {124, "return runbook { summary = 's', timeout = '1ms', run = function() sleep('1h') end }"},
};

void prepare(const Cli& cli) {
  cli.write("good.lua", R"(return runbook { summary = "Good.",
    params = { { "count", "integer", "How many", 3 },
               { "since", "duration", "Since", "1h" },
               { "space", "size", "Space", "1MiB" }, { "clean", "boolean", "Clean", false },
               { "text", "string", "Text", "x" }, { "labels", "map", "Labels", required = false },
               { name = "level", type = "enum", help = "Level",
                 values = { "low", "high" }, default = "low" } },
    run = function(ctx) return ctx.params.count end })");
  cli.write("needs.lua", R"(return runbook { summary = "Needs.",
    params = { { name = "target", type = "string", help = "What", required = true } },
    run = function(ctx) return ctx.params.target end })");
  cli.write("broken.toml", "lua = [\n");
  cli.write("unknown.toml", "nonsense = 1\n");
  cli.write("type.toml", "[lua]\nmemory = true\n");
  cli.write("permission.toml", "[permissions]\ndeny = [\"everything\"]\n");
}

}  // namespace

TEST_CASE("a wrong command line ends with its documented code, says why, and never crashes") {
  const Cli cli;
  prepare(cli);
  for (const Line& line : kLines) {
    std::string shown;
    for (const std::string& word : line.words) shown += "'" + word + "' ";
    INFO("engine " << shown);
    const Ended ended = cli.run(line.words);
    INFO("stdout: " << ended.out << "\nstderr: " << ended.err);
    CHECK(ended.code == line.code);
    CHECK_FALSE((ended.err + ended.out).empty());
  }
}

TEST_CASE("a wrong runbook ends with its documented code, says why, and never crashes") {
  Cli cli;
  cli.env["ENGINE_LUA_CPU"] = "200ms";
  cli.env["ENGINE_LUA_MEMORY"] = "16MiB";
  for (const Book& book : kBooks) {
    INFO("runbook: " << book.text);
    const Ended ended = cli.runbook(book.text);
    INFO("stderr: " << ended.err);
    CHECK(ended.code == book.code);
    CHECK(ended.err.find("error:") != std::string::npos);
  }
}

TEST_CASE("there are at least two hundred of them") { CHECK(kLines.size() + kBooks.size() >= 200); }
