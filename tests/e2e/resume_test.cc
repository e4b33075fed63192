// engine resume, after the program was killed for real.
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "engine/base/json_read.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using namespace engine::test;

namespace {

// Each line is added once, whatever happens: a person looks into the ledger and says so.
constexpr const char* kLedger = R"(
return runbook {
  summary = "Writes a ledger.", allow = { "fs:change", "process.exec", "state:change" },
  run = function(ctx)
    local folder = ctx.params.folder
    for i = 1, 30 do
      step("Round " .. i, function()
        parallel {
          function() fs.append{ path = folder .. "/ledger", data = i .. "\n" } end,
          function() fs.write{ path = folder .. "/file" .. i, data = tostring(i) } end,
          function() state.compare_and_set{ name = "n" .. i, value = i } end,
        }
        sleep "5ms"
      end)
    end
    return "all " .. #state.list{}
  end,
  params = { { "folder", "string", "Where" } },
}
)";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

std::string newest_run(const Cli& cli) {
  const std::string runs = cli.run({"runs", "-o", "jsonl", "--limit", "1"}).out;
  const std::string id = member(runs, "run");
  return id.size() < 2 ? "" : id.substr(1, id.size() - 2);
}

std::string state_of_run(const Cli& cli) {
  return member(cli.run({"runs", "-o", "jsonl", "--limit", "1"}).out, "state");
}

// Which lines the run has tried to add: the last one whose end it does not know is in doubt.
std::string in_doubt(const Cli& cli, const std::string& id) {
  const std::string error = member(cli.run({"runs", "-o", "jsonl", "--limit", "1"}).out, "error");
  if (error.find("IN_DOUBT") == std::string::npos) return "";
  const std::string trace = cli.run({"trace", id, "-o", "json"}).out;
  const size_t failed = trace.rfind("IN_DOUBT");
  REQUIRE(failed != std::string::npos);
  const size_t data = trace.rfind(R"("data":")", failed) + 8;
  return trace.substr(data, trace.find('\\', data) - data);
}

void wait_for_file(const std::string& file) {
  while (!std::ifstream(file)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace

TEST_CASE("a run killed again and again ends, and every line of its ledger is there once") {
  Cli cli;
  const std::string file = cli.write("ledger.lua", kLedger);
  const char* given = std::getenv("ENGINE_TEST_SEED");
  const auto seed =
      given ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device()();
  WARN("seed " << seed << " (ENGINE_TEST_SEED gives it back)");
  std::mt19937 random(seed);
  std::vector<std::string> command = {"run", file, "--folder", cli.folder()};
  for (int round = 0; round < 12; ++round) {
    {
      Running engine = cli.start(command);
      std::this_thread::sleep_for(std::chrono::milliseconds(30 + random() % 250));
      engine.signal(SIGKILL);
    }
    const std::string id = newest_run(cli), state = state_of_run(cli);
    if (id.empty()) continue;  // killed before there was a run
    if (state == "\"succeeded\"") break;
    command = {"resume", id};
    if (state != "\"failed\"") continue;
    const std::string line = in_doubt(cli, id);
    INFO(cli.run({"trace", id}).out);
    REQUIRE_FALSE(line.empty());
    const std::vector<std::string> ledger = lines_of(cli.read("ledger"));
    const bool there = std::ranges::count(ledger, line) > 0;
    command = {"resume", id, "--assume", there ? "done" : "not-done"};
  }
  for (int more = 0; more < 40 && state_of_run(cli) != "\"succeeded\""; ++more) {
    const std::string id = newest_run(cli);
    const std::string line = in_doubt(cli, id);
    // Where every one was killed before there was a run, the command still begins it.
    std::vector<std::string> last = id.empty() ? command : std::vector<std::string>{"resume", id};
    if (!line.empty()) {
      const std::vector<std::string> ledger = lines_of(cli.read("ledger"));
      last.push_back("--assume");
      last.push_back(std::ranges::count(ledger, line) > 0 ? "done" : "not-done");
    }
    const Ended ended = cli.run(last);
    INFO(ended.err);
    CHECK((ended.code == 0 || ended.code == 1));
  }
  const std::string id = newest_run(cli);
  INFO(cli.run({"trace", id}).out);
  CHECK(state_of_run(cli) == "\"succeeded\"");
  CHECK(member(cli.run({"runs", "-o", "jsonl", "--limit", "1"}).out, "result") == "\"all 30\"");
  const std::vector<std::string> ledger = lines_of(cli.read("ledger"));
  CHECK(ledger.size() == 30);
  CHECK(std::set<std::string>(ledger.begin(), ledger.end()).size() == 30);
}

TEST_CASE("resume goes on with every interrupted run, and shows each") {
  Cli cli;
  const std::string file = cli.write("slow.lua", R"(
return runbook { summary = "Waits.", allow = { "fs:change" },
  params = { { "name", "string", "x" } },
  run = function(ctx)
    step("Before", function() fs.write{ path = ctx.params.name, data = "x" } end)
    while not pcall(fs.stat, { path = ctx.params.name .. ".go" }) do sleep "5ms" end
    step("After", function() log.info("went on") end)
    return ctx.params.name
  end })");
  CHECK(cli.run({"resume"}).err == "there are no interrupted runs\n");
  for (const char* name : {"one", "two"}) {
    Running engine = cli.start({"run", file, "--name", cli.folder() + "/" + name});
    wait_for_file(cli.folder() + "/" + name);
    engine.signal(SIGKILL);
  }
  CHECK(lines_of(cli.run({"runs", "--state", "interrupted", "-o", "jsonl"}).out).size() == 2);
  cli.write("one.go", "");
  cli.write("two.go", "");

  const Ended ended = cli.run({"resume", "-o", "json"});
  INFO(ended.err);
  CHECK(ended.code == 0);
  const Result<JsonDocument> outcomes = read_json(ended.out);
  REQUIRE(outcomes);
  std::set<std::string> results;
  for (const JsonElement outcome : simdjson::dom::array(outcomes->root()))
    results.emplace(*json_string(outcome, "result"));
  CHECK(results == std::set<std::string>{cli.folder() + "/one", cli.folder() + "/two"});
  CHECK(ended.err.find("step: Before") == std::string::npos);
  CHECK(ended.err.find("step: After") != std::string::npos);
  CHECK(ended.err.find("info: went on") != std::string::npos);
  CHECK(cli.run({"resume"}).err == "there are no interrupted runs\n");
}

TEST_CASE("rule 9: a program that outlived the engine is found before doubt is declared") {
  Cli cli;
  const std::string file = cli.write("long.lua", R"(
return runbook { summary = "Runs long.", allow = { "process.exec" },
  run = function()
    process.exec{ shell = true, command = "echo $$ > pid; exec sleep 300", cwd = ")" +
                                                     cli.folder() + R"(", timeout = "1h" }
  end })");
  {
    Running engine = cli.start({"run", file});
    while (lines_of(cli.read("pid")).empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    engine.signal(SIGKILL);
  }
  const std::string pid = lines_of(cli.read("pid"))[0];
  const std::string id = newest_run(cli);
  const Ended ended = cli.run({"resume", id});

  CHECK(ended.code == 1);
  INFO(ended.err);
  CHECK(ended.err.find("IN_DOUBT") != std::string::npos);
  CHECK(ended.err.find("what it started is still running: process " + pid) != std::string::npos);
  CHECK(ended.err.find("engine resume " + id + " --assume done") != std::string::npos);
  CHECK(kill(std::atoi(pid.c_str()), SIGKILL) == 0);
  CHECK(cli.run({"resume", id, "--assume", "done"}).code == 0);
}

TEST_CASE("a resumed run is given what was sensitive as it was") {
  Cli cli;
  cli.write("plugins/vault/plugin.lua", R"(return {
  summary = "Keeps things.", version = "1",
  operations = {
    ["box.open"] = {
      summary = "Opens a box.", effect = "read",
      params = { { "code", "string", "Opens it.", sensitive = true } },
      results = { { "content", "string", "In it.", sensitive = true } },
      run = function(args) return { content = args.code .. crypto.uuid{}.uuid } end,
    },
  },
})");
  cli.env["ENGINE_PLUGIN_FOLDERS"] = cli.folder() + "/plugins";
  const std::string file = cli.write("open.lua", R"(
return runbook { summary = "Opens.", allow = { "fs:change" },
  params = { { "folder", "string", "Where" } },
  run = function(ctx)
    local path = ctx.params.folder
    local found = vault.box.open{ code = "x" }.content
    fs.write{ path = path .. "/found", data = found }
    while not pcall(fs.stat, { path = path .. "/go" }) do sleep "5ms" end
    return found == fs.read{ path = path .. "/found" }.data
  end })");
  {
    Running engine = cli.start({"run", file, "--folder", cli.folder()});
    wait_for_file(cli.folder() + "/found");
    engine.signal(SIGKILL);
  }
  cli.write("go", "");

  const Ended ended = cli.run({"resume", newest_run(cli)});
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(ended.out == "true\n");
}

TEST_CASE("a corrected runbook goes on at the step that failed") {
  Cli cli;
  const std::string head =
      "return runbook { summary = 's', allow = { 'fs:change' }, run = "
      "function()\n  fs.append{ path = '" +
      cli.folder() + "/made', data = 'x' }\n";
  const Ended failed =
      cli.runbook(head + "  step('Look', function() return fs.read{ path = '/none' } end)\nend }");
  CHECK(failed.code == 1);
  const std::string id = newest_run(cli);
  cli.write("given.lua", head + "  return step('Look', function() return 'seen' end)\nend }");

  CHECK(cli.run({"resume", id}).err.find("engine resume " + id + " --from STEP") !=
        std::string::npos);
  CHECK(cli.run({"resume", id, "--from", "Look"}).code == 1);
  const Ended again = cli.run({"resume", id, "--from", "Look", "--edited"});
  INFO(again.err);
  CHECK(again.code == 0);
  CHECK(again.out == "seen\n");
  CHECK(cli.read("made") == "x");
  CHECK(cli.run({"resume", id}).err.find("has succeeded: nothing is left to do") !=
        std::string::npos);
  CHECK(cli.run({"resume", "--edited"}).code == 64);
}

TEST_CASE("engine run stays until the last run of a chain ends") {
  Cli cli;
  const Ended ended = cli.runbook(
      "return runbook { summary = 's', params = { { 'left', 'integer', 'x', 3 } },\n"
      "  run = function(ctx)\n"
      "    step('Part ' .. ctx.params.left, function() end)\n"
      "    if ctx.params.left > 0 then return continue_as{ left = ctx.params.left - 1 } end\n"
      "    return 'all done'\n"
      "  end }",
      {"-o", "json"});
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(member(ended.out, "result") == "\"all done\"");
  CHECK(ended.err.find("step: Part 3") != std::string::npos);
  CHECK(ended.err.find("step: Part 0") != std::string::npos);
  CHECK(lines_of(cli.run({"runs", "-o", "jsonl"}).out).size() == 4);
}
