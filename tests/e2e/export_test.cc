// engine export, and what looks at the file elsewhere.
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "engine/base/json_read.h"
#include "engine/store/database.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using namespace engine::test;

namespace {

std::string unquoted(const std::string& text) {
  return text.size() < 2 ? "" : text.substr(1, text.size() - 2);
}

std::string newest_run(const Cli& cli) {
  return unquoted(member(cli.run({"runs", "-o", "jsonl", "--limit", "1"}).out, "run"));
}

std::string await_waiting(const Cli& cli, size_t count = 1) {
  for (;;) {
    const std::string lines = cli.run({"runs", "--waiting", "-o", "jsonl"}).out;
    if (static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n')) == count)
      return unquoted(member(lines.substr(0, lines.find('\n')), "run"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string runbook(const std::string& body, const std::string& more = "") {
  return "return runbook { summary = \"A test.\", " + more + "\nrun = function(ctx)\n" + body +
         "\nend }\n";
}

// A machine that has neither configuration nor store, where even the configuration is broken.
struct Elsewhere : Cli {
  Elsewhere() {
    env["ENGINE_STATE_DIR"] = "/nonexistent/state";
    write("home/.config/engine/engine.toml", "this is no configuration");
  }
};

void alter(const std::string& file, const char* sql) {
  auto db = store::Database::open(file, store::Database::Access::write);
  REQUIRE(db);
  REQUIRE(db->exec(sql));
}

}  // namespace

TEST_CASE("an exported run is looked at elsewhere as it was") {
  Cli cli;
  cli.write("plugins/vault/plugin.lua", R"(return {
  summary = "Keeps things.", version = "4.5",
  operations = {
    ["box.open"] = {
      summary = "Opens a box.", effect = "read",
      params = { { "code", "string", "Opens it.", sensitive = true } },
      results = { { "content", "string", "In it.", sensitive = true } },
      run = function(args) return { content = args.code .. "canary" } end,
    },
  },
})");
  cli.env["ENGINE_PLUGIN_FOLDERS"] = cli.folder() + "/plugins";
  const std::string path = cli.folder() + "/large";
  cli.write("large", std::string(40'000, 'z'));
  cli.write("all.lua", runbook("log.info('begun', { at = ctx.params.where })\n"
                               "vault.box.open{ code = 'canary' }\n"
                               "step('Read', function() return fs.read{ path = '" +
                                   path + "' } end)\nfs.read{ path = '/none' }",
                               "params = { { \"where\", \"string\", \"Where\" } },"));
  CHECK(cli.run({"run", cli.folder() + "/all.lua", "--where", "here"}).code == 1);
  const std::string id = newest_run(cli), file = cli.folder() + "/incident.run";
  const Ended exported = cli.run({"export", id, file, "-o", "json"});
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  CHECK(exported.err.find("exported run " + id + " to " + file) != std::string::npos);
  CHECK(member(exported.out, "runs") == "[\"" + id + "\"]");
  struct stat info {};
  REQUIRE(stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const std::string bytes = cli.read("incident.run");
  CHECK(bytes.find("$sealed") == std::string::npos);
  CHECK(bytes.find("canarycanary") == std::string::npos);
  CHECK(bytes.find("4.5") != std::string::npos);
  CHECK(bytes.find("return runbook {") != std::string::npos);

  Elsewhere other;
  const std::vector<std::vector<std::string>> commands = {
      {"trace"}, {"trace", "--full"},    {"trace", "-o", "json"},
      {"logs"},  {"logs", "-o", "json"}, {"why", "-o", "json"}};
  for (const std::vector<std::string>& command : commands) {
    std::vector<std::string> there = command, here = command;
    there.insert(there.begin() + 1, file);
    here.insert(here.begin() + 1, id);
    const Ended seen = other.run(there);
    INFO(seen.err);
    CHECK(seen.code == 0);
    CHECK(seen.out == cli.run(here).out);
  }
  CHECK(other.run({"trace", file, "--full"}).out.find(std::string(40'000, 'z')) !=
        std::string::npos);
  CHECK(other.run({"logs", file, "--follow"}).err.find("an exported run does not go on") !=
        std::string::npos);
}

TEST_CASE("an export holds the chain of runs, what a run waits for and who holds its lock") {
  Cli cli;
  cli.write("chain.lua", runbook(R"(
    if ctx.params.left > 0 then return continue_as{ left = ctx.params.left - 1 } end
    local held <close> = lock("db")
    wait_for{ signal = "go" })",
                                 "params = { { \"left\", \"integer\", \"How many\" } },"));
  Running holder = cli.start({"run", cli.folder() + "/chain.lua", "--left", "0"});
  const std::string first = await_waiting(cli);
  Running running = cli.start({"run", cli.folder() + "/chain.lua", "--left", "1"});
  await_waiting(cli, 2);
  const std::string ended = cli.run({"runs", "-o", "jsonl", "--state", "succeeded"}).out;
  const std::string before = unquoted(member(ended, "run"));
  const std::string last = unquoted(member(member(ended, "result"), "continued_as"));

  const std::string file = cli.folder() + "/waits.run";
  const Ended exported = cli.run({"export", last, file, "-o", "json"});
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  CHECK(exported.err.find(" and 1 that belong to it to ") != std::string::npos);
  Elsewhere other;
  const std::string why = other.run({"why", file}).out;
  INFO(why);
  CHECK(why.find("it waits for the lock 'db', which run " + first) != std::string::npos);
  CHECK(why.find("run " + before + " went on as this one") != std::string::npos);
  CHECK(other.run({"why", file, before}).out.find("it goes on as run " + last) !=
        std::string::npos);
  CHECK(other.run({"trace", file, before}).code == 0);
  CHECK(other.run({"trace", file, "zzz"}).code == 65);

  running.signal(SIGKILL);
  running.wait();
  const std::string gone = cli.folder() + "/gone.run";
  REQUIRE(cli.run({"export", last, gone}).code == 0);
  CHECK(other.run({"why", gone}).out.find("that carried it is gone") != std::string::npos);
  CHECK(other.run({"trace", gone}).out.find("interrupted") != std::string::npos);
}

TEST_CASE("an export replaces no file and leaves nothing behind where it fails") {
  Cli cli;
  cli.write("none.lua", runbook(""));
  CHECK(cli.run({"run", cli.folder() + "/none.lua"}).code == 0);
  const std::string id = newest_run(cli);
  const std::string file = cli.write("out/mine.run", "precious");
  const Ended refused = cli.run({"export", id, file});
  CHECK(refused.code == 65);
  CHECK(refused.err.find("'" + file + "' exists already") != std::string::npos);
  CHECK(cli.read("out/mine.run") == "precious");
  const Ended nowhere = cli.run({"export", id, cli.folder() + "/no/such.run"});
  CHECK(nowhere.code != 0);
  CHECK(nowhere.err.find("its folder does not exist") != std::string::npos);
  CHECK(cli.run({"export", "zzz", cli.folder() + "/out/b.run"}).code == 65);
  CHECK(std::distance(std::filesystem::directory_iterator(cli.folder() + "/out"), {}) == 1);
}

TEST_CASE("a file that is damaged, newer or something else is refused in words") {
  Cli cli;
  cli.write("large", std::string(10'000, 'z'));
  cli.write("read.lua",
            runbook("for i = 1, 20 do fs.read{ path = '" + cli.folder() + "/large' } end"));
  CHECK(cli.run({"run", cli.folder() + "/read.lua"}).code == 0);
  const std::string id = newest_run(cli), file = cli.folder() + "/a.run";
  REQUIRE(cli.run({"export", id, file}).code == 0);
  const std::string bytes = cli.read("a.run");
  REQUIRE(bytes.size() > 100'000);
  const auto refusal = [&](const std::string& name) {
    const Ended ended = cli.run({"trace", name});
    CHECK(ended.code != 0);
    return ended.err;
  };
  CHECK(refusal(cli.write("cut.run", bytes.substr(0, bytes.size() / 2)))
            .find("holds no exported run: it is damaged") != std::string::npos);
  std::string torn = bytes;
  std::fill(torn.begin() + 20'000, torn.begin() + 40'000, '\xff');
  CHECK(refusal(cli.write("torn.run", torn)).find("damaged") != std::string::npos);
  CHECK(refusal(cli.write("text.run", "hello")).find("no exported run") != std::string::npos);
  CHECK(refusal(cli.write("empty.run", "")).find("no exported run") != std::string::npos);
  CHECK(refusal(cli.state_dir() + "/engine.db").find("it is a whole store") != std::string::npos);
  CHECK(refusal(cli.folder()).find("it is a folder") != std::string::npos);
  CHECK(refusal("./none.run").find("there is no file './none.run'") != std::string::npos);
  alter(file, "PRAGMA user_version = 65538000");
  const std::string newer = refusal(file);
  CHECK(newer.find("was exported by a newer engine") != std::string::npos);
  CHECK(newer.find("look at it with the engine that has made it") != std::string::npos);
}
