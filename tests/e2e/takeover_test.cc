// Several engines and one run: a stopped engine keeps it, a dead one's is taken up by exactly one,
// and a full disk takes nothing away.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/base/json_read.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"
#include "tests/support/small_disk.h"

using namespace engine;
using namespace engine::test;

namespace {

// Says that it has begun, waits for the file "go" without writing a thing, and adds a line.
constexpr const char* kGated = R"(
return runbook {
  summary = "Waits for a file.", allow = { "fs:change", "process.exec" },
  params = { { "folder", "string", "Where" }, { "name", "string", "Whose" } },
  run = function(ctx)
    local at = ctx.params.folder
    fs.write{ path = at .. "/begun-" .. ctx.params.name, data = "" }
    process.exec{ shell = true, read = true, timeout = "5m", check = true,
      command = "while [ ! -e " .. at .. "/go ]; do sleep 0.02; done" }
    fs.append{ path = at .. "/ledger", data = ctx.params.name .. "\n" }
    return ctx.params.name
  end,
})";

void breathe() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

struct Gated {
  Cli cli;
  std::string file = cli.write("gated.lua", kGated);

  Running start(const std::string& name) const {
    Running engine = cli.start({"run", file, "--folder", cli.folder(), "--name", name});
    while (!std::filesystem::exists(cli.folder() + "/begun-" + name) && !engine.ended()) breathe();
    return engine;
  }
  std::vector<std::string> runs(const std::string& state) const {
    std::vector<std::string> ids;
    const std::string list = cli.run({"runs", "--state", state, "-o", "json"}).out;
    const Result<JsonDocument> document = read_json(list);
    REQUIRE(document);
    for (const JsonElement run : simdjson::dom::array(document->root()))
      ids.emplace_back(*json_string(run, "run"));
    return ids;
  }
  int lines() const {
    const std::string ledger = cli.read("ledger");
    return static_cast<int>(std::ranges::count(ledger, '\n'));
  }
};

void stop(const Running& engine) {
  engine.signal(SIGSTOP);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(engine.pid()), &info, WSTOPPED | WEXITED | WNOWAIT);
}

int count_in(const std::string& text, std::string_view part) {
  int count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

}  // namespace

TEST_CASE("rule 11: of five engines that resume the same runs each run goes to one") {
  Gated gated;
  for (const char* name : {"a", "b", "c"}) gated.start(name).signal(SIGKILL);
  const std::vector<std::string> ids = gated.runs("interrupted");
  REQUIRE(ids.size() == 3);
  std::vector<Running> engines;
  for (int i = 0; i < 5; ++i) engines.push_back(gated.cli.start({"resume", "-o", "json"}));
  while (gated.runs("interrupted").size() > 0) breathe();
  gated.cli.write("go", "");

  int succeeded = 0;
  for (Running& engine : engines) {
    const Ended ended = engine.wait();
    INFO(ended.err << ended.out);
    succeeded += count_in(ended.out, R"("state":"succeeded")");
    CHECK(count_in(ended.out, R"("state":"running")") ==
          count_in(ended.out, "another process has taken the run up meanwhile") +
              count_in(ended.out, "is going on: a living process carries it"));
  }
  CHECK(succeeded == 3);
  CHECK(gated.runs("succeeded").size() == 3);
  CHECK(gated.lines() == 3);
  for (const std::string& id : ids)
    CHECK(count_in(gated.cli.run({"trace", id, "-o", "json"}).out, R"("t":"resume")") <= 1);
}

TEST_CASE("rule 11: a stopped engine keeps its run and goes on with it") {
  Gated gated;
  Running engine = gated.start("a");
  stop(engine);
  const std::vector<std::string> ids = gated.runs("running");
  REQUIRE(ids.size() == 1);
  const Ended refused = gated.cli.run({"resume", ids[0]});
  CHECK(refused.code == 69);
  CHECK(refused.err.find("run " + ids[0] + " is going on: a living process carries it") !=
        std::string::npos);
  CHECK(gated.cli.run({"resume"}).err == "there are no interrupted runs\n");
  gated.cli.write("go", "");
  const Ended other =
      gated.cli.run({"run", gated.file, "--folder", gated.cli.folder(), "--name", "b"});
  INFO(other.err);
  CHECK(other.code == 0);
  CHECK(gated.cli.read("ledger") == "b\n");

  engine.signal(SIGCONT);
  CHECK(engine.wait().code == 0);
  CHECK(gated.cli.read("ledger") == "b\na\n");
}

TEST_CASE("rule 11: an engine that is killed while it is stopped loses its run at once") {
  Gated gated;
  std::string id;
  {
    Running engine = gated.start("a");
    stop(engine);
    id = gated.runs("running").at(0);
    engine.signal(SIGKILL);
    engine.wait();
  }
  gated.cli.write("go", "");
  const Ended ended = gated.cli.run({"resume", id});
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(gated.cli.read("ledger") == "a\n");
}

TEST_CASE("a full disk is told in clear words and the run goes on once there is room") {
  Cli cli;
  const SmallDisk disk(cli.state_dir(), "1500k");
  if (!disk.mounted) return;
  const std::string file = cli.write("fills.lua", R"(
return runbook {
  summary = "Fills the disk.", allow = { "fs:change" },
  params = { { "folder", "string", "Where" } },
  run = function(ctx)
    local path = ctx.params.folder .. "/ledger"
    for i = 1, 200 do
      local ok, err = pcall(fs.append, { path = path, data = i .. "\n" })
      if not ok then
        if err.code ~= "IN_DOUBT" then error(err, 0) end
        local there = ("\n" .. fs.read{ path = path }.data):find("\n" .. i .. "\n", 1, true)
        if not there then fs.append{ path = path, data = i .. "\n" } end
      end
      log.info(string.rep("x", 12000))
    end
    return "all"
  end,
})");
  const Ended full = cli.run({"run", file, "--folder", cli.folder(), "--quiet"});
  INFO(full.err);
  CHECK(full.code == 1);
  CHECK(full.err.find("DISK_FULL") != std::string::npos);
  CHECK(full.err.find(cli.state_dir()) != std::string::npos);
  const std::string runs = cli.run({"runs", "-o", "jsonl"}).out;
  CHECK(member(runs, "state") == "\"interrupted\"");
  const std::string quoted = member(runs, "run"), id = quoted.substr(1, quoted.size() - 2);
  CHECK(full.err.find("engine resume " + id + " then goes on with the run") != std::string::npos);
  const Ended still_full = cli.run({"resume", id, "--quiet"});
  INFO(still_full.err);
  CHECK(still_full.code == 69);
  CHECK(still_full.err.find("is full") != std::string::npos);

  REQUIRE(disk.change(0, "size=64m"));
  const Ended ended = cli.run({"resume", id, "--quiet"});
  INFO(ended.err);
  CHECK(ended.code == 0);
  std::string wanted;
  for (int i = 1; i <= 200; ++i) wanted += std::to_string(i) + "\n";
  CHECK(cli.read("ledger") == wanted);
}
