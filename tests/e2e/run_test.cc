// Runs and calls as a person and as a program see them.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

#include "tests/support/catch.h"
#include "tests/support/cli.h"

using engine::test::Cli;
using engine::test::Ended;
using engine::test::member;
using engine::test::Running;

namespace {

constexpr const char* kGood = R"(return runbook { summary = "Counts.",
  params = { { "count", "integer", "How many", 3 },
             { "clean", "boolean", "Clean up", false },
             { "tags", "list", "Tags", required = false },
             { "labels", "map", "Labels", required = false },
             { "since", "duration", "Since", "1h" } },
  run = function(ctx)
    step("Outer", function() step("Inner", function() log.info("inside", { n = 1 }) end) end)
    return { count = ctx.params.count, clean = ctx.params.clean, tags = ctx.params.tags,
             labels = ctx.params.labels }
  end })";

std::set<std::string> keys(const std::string& json) {
  std::set<std::string> found;
  for (const char* key :
       {"run", "runbook", "state", "started_at", "finished_at", "duration_ms", "result", "error"}) {
    if (json.find("\"" + std::string(key) + "\":") != std::string::npos) found.insert(key);
  }
  return found;
}

}  // namespace

TEST_CASE("a run's JSON is one object with eight fields") {
  Cli cli;
  const Ended ended = cli.runbook(kGood, {"-o", "json"});

  CHECK(ended.code == 0);
  CHECK(keys(ended.out).size() == 8);
  CHECK(member(ended.out, "state") == "\"succeeded\"");
  CHECK(member(member(ended.out, "result"), "count") == "3");
  CHECK(member(ended.out, "error").empty());
  CHECK(member(ended.out, "run").size() == 14);
  CHECK(ended.out.back() == '\n');
  CHECK(ended.out.find('\n') == ended.out.size() - 1);
}

TEST_CASE("params are flags, before and after names and in every spelling") {
  Cli cli;
  const Ended ended = cli.runbook(
      kGood, {"--count=7", "--clean", "--tags", "a", "--tags", "b,c", "--labels", "k=v", "-ojson"});

  const std::string result = member(ended.out, "result");
  CHECK(member(result, "count") == "7");
  CHECK(member(result, "clean") == "true");
  CHECK(member(result, "tags") == R"(["a","b,c"])");
  CHECK(member(result, "labels") == R"({"k":"v"})");
}

TEST_CASE("a runbook's help shows its parameters, with types and defaults") {
  Cli cli;
  const Ended ended = cli.runbook(kGood, {"--help"});

  CHECK(ended.code == 0);
  for (const char* text : {"Counts.", "--count INTEGER", "How many", "[default: 3]", "--[no-]clean",
                           "[default: 1h]"}) {
    INFO(text);
    CHECK(ended.out.find(text) != std::string::npos);
  }
  CHECK(cli.run({"runs", "-o", "json"}).out == "[]\n");
}

TEST_CASE("in a pipe progress is plain lines on stderr, and the result alone is on stdout") {
  Cli cli;
  const Ended ended = cli.runbook(kGood);

  CHECK(ended.err.find('\x1b') == std::string::npos);
  CHECK(ended.out.find('\x1b') == std::string::npos);
  for (const char* text : {"step: Outer\n", "  step: Inner\n", "info: inside n=1\n",
                           "  ok: Inner (", "succeeded in "}) {
    INFO(text);
    CHECK(ended.err.find(text) != std::string::npos);
  }
  CHECK(ended.out.find("count  3\n") != std::string::npos);
}

TEST_CASE("the flag --quiet leaves the data and takes the talk away") {
  Cli cli;
  const Ended ended = cli.runbook(kGood, {"--quiet"});
  CHECK(ended.err.empty());
  CHECK_FALSE(ended.out.empty());
}

TEST_CASE("colour comes with --color always and never with NO_COLOR") {
  Cli cli;
  CHECK(cli.runbook(kGood, {"--color", "always"}).err.find("\x1b[32m") != std::string::npos);
  cli.env["FORCE_COLOR"] = "1";
  CHECK(cli.runbook(kGood).err.find("\x1b[") != std::string::npos);
  cli.env["NO_COLOR"] = "1";
  CHECK(cli.runbook(kGood).err.find("\x1b[") == std::string::npos);
}

TEST_CASE("a report is what the terminal shows, text as it is and tables aligned") {
  Cli cli;
  const Ended ended = cli.runbook(
      "return runbook { summary = 's', run = function() report('two\\nlines') report{ { a = 1, b = "
      "'x' } } return 5 end }");
  CHECK(ended.out == "two\nlines\na  b\n1  x\n");
}

TEST_CASE("an uncaught error shows code, operation, hint, line, caret and traceback") {
  Cli cli;
  const Ended ended = cli.runbook(
      "return runbook { summary = 's', run = function()\n"
      "  step('Look', function()\n"
      "    fs.read{ path = '/nonexistent' }\n"
      "  end)\n"
      "end }");

  CHECK(ended.code == 1);
  for (const char* text :
       {"(NOT_FOUND)", "operation: fs.read", "given.lua:3",
        "  3 |     fs.read{ path = '/nonexistent' }", "    |     ^", "traceback:"}) {
    INFO(text << "\n" << ended.err);
    CHECK(ended.err.find(text) != std::string::npos);
  }
  const std::string runs = cli.run({"runs", "--state", "failed", "-o", "jsonl"}).out;
  CHECK(member(member(runs, "error"), "code") == "\"NOT_FOUND\"");
}

TEST_CASE("the caret is below what the message names") {
  Cli cli;
  const Ended ended = cli.runbook(
      "return runbook { summary = 's', run = function()\n"
      "  local next_t, t = {}, nil\n"
      "  return next_t, t.size\n"
      "end }");
  INFO(ended.err);
  CHECK(ended.err.find("  3 |   return next_t, t.size\n    |                  ^") !=
        std::string::npos);
}

TEST_CASE("a dry run changes nothing and shows its plan") {
  Cli cli;
  cli.write("kept", "x");
  const std::string book =
      "return runbook { summary = 's', allow = { 'fs:destroy' }, run = function()\n"
      "  fs.write{ path = '" +
      cli.folder() +
      "/made', data = 'x' }\n"
      "  fs.remove{ path = '" +
      cli.folder() +
      "/kept' }\n"
      "end }";
  const Ended ended = cli.runbook(book, {"--dry-run"});

  CHECK(ended.code == 0);
  CHECK(ended.out.find("1. fs.write") != std::string::npos);
  CHECK(ended.out.find("2. fs.remove") != std::string::npos);
  CHECK(cli.read("kept") == "x");
  CHECK(cli.read("made").empty());
}

TEST_CASE("settings count wherever they stand on the command line") {
  Cli cli;
  const std::string book = cli.write(
      "book.lua",
      "return runbook { summary = 's', params = { n = { 'integer' } }, run = function() end }");
  const std::string other = cli.folder() + "/other";
  CHECK(cli.run({"run", book, "--n", "1", "--state-dir", other}).code == 0);
  CHECK(cli.run({"call", "host.uptime.get", "--state-dir=" + other}).code == 0);
  CHECK_FALSE(std::filesystem::exists(cli.state_dir()));
  const std::string runs = cli.run({"runs", "--state-dir", other, "-o", "jsonl"}).out;
  CHECK(std::ranges::count(runs, '\n') == 2);

  const std::string config = cli.write("strict.toml", "[permissions]\ndeny = [\"host.cpu.get\"]\n");
  CHECK(cli.run({"call", "host.cpu.get", "--sample", "10ms", "--config", config}).code == 77);
}

TEST_CASE("a run whose process was killed is listed as interrupted, not as running") {
  Cli cli;
  const std::string book = cli.write(
      "book.lua",
      "return runbook { summary = 's', run = function() log.info('here') sleep('1h') end }");
  Running running = cli.start({"run", book});
  while (cli.run({"runs", "--state", "running", "-o", "json"}).out == "[]\n") {
  }
  CHECK(cli.run({"runs", "--state", "interrupted", "-o", "json"}).out == "[]\n");
  running.signal(SIGKILL);
  running.wait();
  CHECK(cli.run({"runs", "--state", "running", "-o", "json"}).out == "[]\n");
  const std::string runs = cli.run({"runs", "--state", "interrupted", "-o", "jsonl"}).out;
  CHECK(member(runs, "state") == "\"interrupted\"");
}

TEST_CASE("runs, logs and trace tell what happened, by the beginning of an id") {
  Cli cli;
  const Ended first = cli.runbook(kGood, {"-o", "json"});
  cli.runbook("return runbook { summary = 's', run = function() fail('FAILED', 'no') end }");
  const std::string id = member(first.out, "run").substr(1, 12);

  const std::string trace = cli.run({"trace", id.substr(0, 8), "-o", "json"}).out;
  CHECK(member(trace, "run") == "\"" + id + "\"");
  CHECK(trace.find(R"("name":"Inner")") != std::string::npos);
  CHECK(cli.run({"trace", id}).out.find("Inner") != std::string::npos);
  CHECK(cli.run({"logs", id}).out.find("inside") != std::string::npos);
  CHECK(cli.run({"logs", id, "-o", "json"}).out.find(R"("message":"inside","fields":{"n":1})") !=
        std::string::npos);
  CHECK(cli.run({"runs", "--state", "failed", "-o", "json"}).out.find(id) == std::string::npos);
  CHECK(cli.run({"runs", "--limit", "1", "-o", "json"}).out.find(id) == std::string::npos);
  CHECK(cli.run({"runs", "--runbook",
                 member(first.out, "runbook").substr(1, member(first.out, "runbook").size() - 2),
                 "-o", "json"})
            .out.find(id) != std::string::npos);
}

TEST_CASE("a call answers like a runbook's call and is recorded") {
  Cli cli;
  cli.write("f", "hello");
  const Ended ended = cli.run({"call", "fs.read", "--path", cli.folder() + "/f", "-o", "json"});
  CHECK(ended.code == 0);
  CHECK(member(member(ended.out, "result"), "data") == "\"hello\"");
  CHECK(cli.run({"call", "fs.read", "--path", "/nonexistent"}).code == 1);
  CHECK(cli.run({"call", "fs.read", "--help"}).out.find("--path") != std::string::npos);
  CHECK(cli.run({"runs", "-o", "json"}).out.find("call fs.read") != std::string::npos);

  CHECK(cli.run({"call", "fs.write", "--path", cli.folder() + "/g", "--data", "x", "--dry-run"})
            .code == 0);
  CHECK(cli.read("g").empty());
}

TEST_CASE("operations are described for people and for programs") {
  Cli cli;
  CHECK(cli.run({"ops"}).out.find("fs.read") != std::string::npos);
  CHECK(cli.run({"ops", "fs"}).out.find("host.") == std::string::npos);
  CHECK(cli.run({"ops", "fs.read"}).out.find("PARAMETER") != std::string::npos);
  const std::string json = cli.run({"ops", "fs.read", "-o", "jsonl"}).out;
  CHECK(member(json, "name") == "\"fs.read\"");
  CHECK(member(json, "effect") == "\"read\"");
  CHECK(cli.run({"plugins", "-o", "json"}).out.find(R"("name":"fs")") != std::string::npos);
}

TEST_CASE("runbooks are listed and shown, and a near name is offered") {
  Cli cli;
  cli.env["ENGINE_RUNBOOKS"] = cli.folder() + "/books";
  cli.write("books/disk/clean.lua", kGood);
  CHECK(cli.run({"list"}).out.find("disk/clean") != std::string::npos);
  CHECK(cli.run({"list", "-o", "json"}).out.find("Counts.") != std::string::npos);
  CHECK(cli.run({"show", "disk/clean"}).out.find("How many") != std::string::npos);
  CHECK(member(cli.run({"show", "disk/clean", "-o", "json"}).out, "summary") == "\"Counts.\"");
  CHECK(cli.run({"run", "disk/clean"}).code == 0);
  CHECK(cli.run({"run", "disk/claen"}).err.find("did you mean disk/clean") != std::string::npos);
}

TEST_CASE("the operator's configuration narrows what a runbook may do") {
  Cli cli;
  const std::string book =
      "return runbook { summary = 's', allow = { 'fs:change' }, run = function() fs.write{ path = "
      "'" +
      cli.folder() + "/made', data = 'x' } end }";
  cli.env["ENGINE_PERMISSIONS_DENY"] = "fs:change";
  CHECK(cli.runbook(book).code == 77);
  CHECK(cli.read("made").empty());
  cli.env["ENGINE_PERMISSIONS_DENY"] = "";
  CHECK(cli.runbook(book).code == 0);
  CHECK(cli.read("made") == "x");
}

TEST_CASE("every command has help with examples, and asking for help is no error") {
  Cli cli;
  for (const char* command :
       {"run", "call", "list", "show", "runs", "logs", "trace", "ops", "plugins", "version"}) {
    INFO(command);
    const Ended ended = cli.run({command, "--help"});
    CHECK(ended.code == 0);
    CHECK(ended.err.empty());
    CHECK(ended.out.find("Examples:") != std::string::npos);
    CHECK(cli.run({"help", command}).out == ended.out);
  }
  CHECK(cli.run({"config", "show", "--help"}).out.find("Examples:") != std::string::npos);
  CHECK(cli.run({"--help"}).out.find("Exit codes:") != std::string::npos);
  CHECK(cli.run({"--version"}).out.starts_with("engine "));
  CHECK(cli.run({"version", "-v"}).out.find("lua 5.4") != std::string::npos);
}

TEST_CASE("a plugin's settings are validated before the plugin is needed") {
  Cli cli;
  const std::string file = cli.write("engine.toml",
                                     "[plugins.process]\nnonsense = 1\n[plugins.bogus]\nx = 2\n"
                                     "[plugins.docker.daemons.a]\nhoost = \"x\"\n");

  const Ended ended = cli.run({"config", "validate", file});

  CHECK(ended.code == 78);
  CHECK(ended.out.find("engine.toml:2:1: error: plugins.process: there is no setting") !=
        std::string::npos);
  CHECK(ended.out.find("engine.toml:4:1: error: there is no plugin 'bogus'") != std::string::npos);
  CHECK(ended.out.find("plugins.docker.daemons.a has no setting named 'hoost'") !=
        std::string::npos);
}

TEST_CASE("engine check finds what a runbook's modules are wrong about") {
  Cli cli;
  const std::string book = cli.write("books/team/job.lua",
                                     "local site = require(\"site\")\n"
                                     "return runbook { summary = site.summary, run = print }\n");
  const std::string module = cli.write("books/team/site.lua", "error(\"no summary is set\")\n");

  const Ended ended = cli.run({"check", book});

  CHECK(ended.code == 65);
  CHECK(ended.out.find("no summary is set") != std::string::npos);
  cli.write("books/team/site.lua", "return { summary = \"Does it.\" }\n");
  CHECK(cli.run({"check", book}).code == 0);
  CHECK(cli.run({"check", module}).code == 0);
}

TEST_CASE("calls by hand share a state of their own") {
  Cli cli;
  REQUIRE(cli.run({"call", "state.set", "--name", "k", "--value", "3"}).code == 0);

  const Ended ended = cli.run({"call", "state.get", "--name", "k", "-o", "json"});

  CHECK(ended.out.find("\"value\":3") != std::string::npos);
}

TEST_CASE("output that cannot be written is an error") {
  Cli cli;
  const std::string program = ENGINE_BINARY;
  CHECK(std::system((program + " --help >/dev/full 2>/dev/null").c_str()) == 70 << 8);
}
