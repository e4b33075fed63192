// Runs of one runbook in several processes: who goes on, who waits behind whom, who does not begin.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using namespace engine::test;

namespace {

class Runs : public Cli {
 public:
  std::string file(const std::string& concurrency,
                   const std::string& body = "return wait_for{ signal = 'go' }.data") const {
    return write("one.lua", "return runbook { summary = \"One.\", allow = { 'process.exec' }, " +
                                concurrency + "\nrun = function(ctx)\n" + body + "\nend }\n");
  }
  // The runs that are in that state, oldest first, once there are so many of them.
  std::vector<std::string> in_state(const std::string& state, size_t count = 1) const {
    for (;;) {
      std::vector<std::string> ids;
      const std::string lines = run({"runs", "-s", state, "-o", "jsonl"}).out;
      for (size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1) {
        const std::string id = member(lines.substr(at, end - at), "run");
        ids.insert(ids.begin(), id.substr(1, id.size() - 2));
      }
      if (ids.size() == count) return ids;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  void go(const std::string& id) const { CHECK(run({"signal", id, "go"}).code == 0); }
};

}  // namespace

TEST_CASE_METHOD(Runs, "a queued run shows behind which run it waits and begins when that ends") {
  const std::string one = file("concurrency = 1,");
  Running first = start({"run", one});
  const std::string a = in_state("running").front();
  Running second = start({"run", one});
  const std::string b = in_state("queued").front();
  CHECK(run({"runs", "--waiting"}).out.find("its turn, behind run " + a) != std::string::npos);
  CHECK(run({"runs", "-s", "running", "-o", "jsonl"}).out.find(b) == std::string::npos);
  CHECK(run({"resume", b}).err.find("is going on") != std::string::npos);
  go(a);
  CHECK(first.wait().code == 0);
  CHECK(in_state("running") == std::vector{b});
  go(b);
  const Ended ended = second.wait();
  CHECK(ended.code == 0);
  CHECK(ended.err.find("queued behind run " + a) != std::string::npos);
  CHECK(run({"trace", b}).out.find("queued behind run " + a + " for ") != std::string::npos);
}

TEST_CASE_METHOD(Runs, "a killed run counts no more and waits for its seat when it is resumed") {
  const std::string one = file("concurrency = 1,");
  Running first = start({"run", one});
  const std::string a = in_state("running").front();
  Running second = start({"run", one});
  const std::string b = in_state("queued").front();
  first.signal(SIGKILL);
  first.wait();
  CHECK(in_state("running") == std::vector{b});
  Running again = start({"resume", a});
  CHECK(in_state("queued") == std::vector{a});
  go(b);
  CHECK(second.wait().code == 0);
  go(a);
  CHECK(again.wait().code == 0);
}

TEST_CASE_METHOD(Runs, "a run that is killed in the queue is taken up by engine resume") {
  const std::string one = file("concurrency = 1,");
  Running first = start({"run", one});
  const std::string a = in_state("running").front();
  Running second = start({"run", one});
  const std::string b = in_state("queued").front();
  second.signal(SIGKILL);
  second.wait();
  CHECK(in_state("interrupted") == std::vector{b});
  Running again = start({"resume"});
  CHECK(in_state("queued") == std::vector{b});
  go(a);
  CHECK(first.wait().code == 0);
  go(b);
  CHECK(again.wait().code == 0);
}

TEST_CASE_METHOD(Runs, "a queued run is cancelled from another process") {
  const std::string one = file("concurrency = 1,");
  Running first = start({"run", one});
  const std::string a = in_state("running").front();
  Running second = start({"run", one, "-o", "json"});
  const std::string b = in_state("queued").front();
  CHECK(run({"cancel", b}).code == 0);
  const Ended ended = second.wait();
  CHECK(ended.code == 130);
  CHECK(member(ended.out, "state") == R"("cancelled")");
  go(a);
  CHECK(first.wait().code == 0);
}

TEST_CASE_METHOD(Runs, "skipped and refused runs tell it by their exit codes") {
  const std::string one = file("concurrency = { on_conflict = 'skip' },");
  Running first = start({"run", one});
  const std::string a = in_state("running").front();
  const Ended skipped = run({"run", one, "-o", "json"});
  CHECK(skipped.code == 75);
  CHECK(member(skipped.out, "state") == R"("skipped")");
  CHECK(skipped.out.find("skipped: run " + a + " goes on") != std::string::npos);
  CHECK(in_state("skipped").size() == 1);
  file("concurrency = { on_conflict = 'fail' },");
  const Ended refused = run({"run", one, "-o", "json"});
  CHECK(refused.code == 1);
  CHECK(member(member(refused.out, "error"), "code") == R"("CONFLICT")");
  go(a);
  CHECK(first.wait().code == 0);
}

TEST_CASE_METHOD(Runs, "a newer run ends one in another process and takes its seat") {
  const std::string one = file("concurrency = { on_conflict = 'replace' },");
  Running first = start({"run", one, "-o", "json"});
  const std::string a = in_state("running").front();
  Running second = start({"run", one});
  const Ended ended = first.wait();
  CHECK(ended.code == 130);
  const std::string b = in_state("running").front();
  CHECK(b != a);
  CHECK(ended.out.find("cancelled by run:" + b + ": a newer run replaces it") != std::string::npos);
  go(b);
  CHECK(second.wait().code == 0);
}

TEST_CASE_METHOD(Runs, "never more than two of ten processes have a seat at once") {
  const std::string one =
      file("concurrency = 2,",
           "process.exec{ shell = true, command = 'echo + >>ledger; sleep 0.02; echo - >>ledger', "
           "cwd = '" +
               folder() + "' }");
  write("ledger", "");
  std::list<Running> all;
  for (int i = 0; i < 10; ++i) all.push_back(start({"run", one}));
  for (Running& each : all) CHECK(each.wait().code == 0);
  int now = 0, most = 0, ends = 0;
  for (const char sign : read("ledger")) {
    if (sign == '+') most = std::max(most, ++now);
    if (sign == '-') --now, ++ends;
  }
  CHECK(ends == 10);
  CHECK(most <= 2);
}

TEST_CASE_METHOD(Runs, "a process resumes no more runs at once than it may") {
  const std::string one = file("");
  for (int i = 0; i < 3; ++i) {
    Running killed = start({"run", one});
    in_state("running");
    killed.signal(SIGKILL);
    killed.wait();
  }
  const std::vector<std::string> ids = in_state("interrupted", 3);
  env["ENGINE_LIMITS_RUNS"] = "1";
  Running again = start({"resume"});
  CHECK(in_state("queued", 2) == std::vector{ids[1], ids[2]});
  for (const std::string& id : ids) {
    CHECK(in_state("running") == std::vector{id});
    go(id);
  }
  CHECK(again.wait().code == 0);
}

TEST_CASE("one operation at a time is enough for a Lua plugin") {
  Cli cli;
  cli.write("plugins/notes/plugin.lua", R"(return {
    summary = "Keeps notes.", version = "1", uses = { "fs:change" },
    operations = { ["note.put"] = {
      summary = "Writes a note.", effect = "change",
      params = { { "file", "string", "Where." } },
      run = function(args)
        parallel {
          function() fs.write{ path = args.file, data = "a" } end,
          function() fs.stat{ path = "/" } end,
        }
        return { data = fs.read{ path = args.file }.data }
      end } } })");
  cli.env["ENGINE_PLUGIN_FOLDERS"] = cli.folder() + "/plugins";
  cli.env["ENGINE_LIMITS_OPERATIONS"] = "1";
  const Ended ended = cli.runbook(R"(return runbook { summary = "T.", allow = { "notes:change" },
    run = function(ctx)
      local tasks = {}
      for i = 1, 5 do
        tasks[i] = function() return notes.note.put{ file = ")" +
                                  cli.folder() +
                                  R"(/note" .. i }.data end
      end
      return table.concat(parallel(tasks))
    end })");
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(ended.out == "aaaaa\n");
}
