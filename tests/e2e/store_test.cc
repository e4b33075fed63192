// The store through the command line: full, read-only, damaged, newer, and shared by many.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/store/database.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using engine::test::Cli;
using engine::test::Ended;
using engine::test::member;
using engine::test::Running;

namespace {

constexpr const char* kEmpty = "return runbook { summary = 's', run = function() end }";

// A runbook that makes `count` changes, and each in a file that tells how far it came.
std::string changing(const Cli& cli, int count) {
  return "return runbook { summary = 's', allow = { 'fs:change' }, run = function()\n"
         "  for i = 1, " +
         std::to_string(count) + " do fs.write{ path = '" + cli.folder() +
         "/mark', data = tostring(i) .. ('x'):rep(2000) } end\nend }";
}

size_t run_count(const Cli& cli) {
  const std::string lines = cli.run({"runs", "--limit", "1000", "-o", "jsonl"}).out;
  return static_cast<size_t>(std::ranges::count(lines, '\n'));
}

std::string store_file(const Cli& cli) {
  for (const auto& entry : std::filesystem::directory_iterator(cli.state_dir())) {
    if (entry.path().extension() == ".db") return entry.path();
  }
  return "";
}

}  // namespace

TEST_CASE("a full disk ends a run in words, and never as a success") {
  if (geteuid() != 0) {
    WARN("skipped: mounting a small disk needs root");
    return;
  }
  Cli cli;
  mkdir(cli.state_dir().c_str(), 0700);
  if (mount("tmpfs", cli.state_dir().c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("skipped: no disk can be mounted here");
    return;
  }
  const Ended ended = cli.runbook(changing(cli, 2000), {"-o", "json"});
  CHECK(ended.code != 0);
  CHECK(ended.out.find("succeeded") == std::string::npos);
  CHECK(ended.err.find("error:") != std::string::npos);

  std::ofstream(cli.state_dir() + "/filler") << std::string(1 << 20, 'x');
  cli.write("mark", "untouched");
  const Ended next = cli.runbook(changing(cli, 50));
  CHECK(next.code != 0);
  CHECK(next.err.find("error:") != std::string::npos);
  umount2(cli.state_dir().c_str(), MNT_DETACH);
}

TEST_CASE("a folder that cannot be made or is no folder is said before anything is done") {
  Cli cli;
  cli.write("file", "x");
  cli.env["ENGINE_STATE_DIR"] = cli.folder() + "/file";
  Ended ended = cli.runbook(changing(cli, 1));
  CHECK(ended.code != 0);
  CHECK(ended.err.find("error:") != std::string::npos);
  CHECK(cli.read("mark").empty());

  cli.env["ENGINE_STATE_DIR"] = "/proc/engine";
  ended = cli.runbook(changing(cli, 1));
  CHECK(ended.code != 0);
  CHECK(cli.read("mark").empty());
}

TEST_CASE("a damaged store is refused before anything is done") {
  Cli cli;
  REQUIRE(cli.runbook(kEmpty).code == 0);
  const std::string file = store_file(cli);
  REQUIRE_FALSE(file.empty());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  std::filesystem::remove(file + "-wal");
  std::filesystem::remove(file + "-shm");

  const Ended ended = cli.runbook(changing(cli, 1));
  CHECK(ended.code == 69);
  CHECK(ended.err.find("error:") != std::string::npos);
  CHECK(cli.read("mark").empty());
  CHECK(cli.run({"runs"}).code == 69);
}

TEST_CASE("a newer program's store is refused in words") {
  Cli cli;
  REQUIRE(cli.runbook(kEmpty).code == 0);
  const std::string file = store_file(cli);
  {
    auto db = engine::store::Database::open(file, engine::store::Database::Access::write);
    REQUIRE(db);
    REQUIRE(db->exec("PRAGMA user_version = 1000"));
  }
  const Ended ended = cli.runbook(changing(cli, 1));
  CHECK(ended.code == 69);
  CHECK(ended.err.find("newer") != std::string::npos);
  CHECK(cli.read("mark").empty());
}

TEST_CASE("a store that only reading is allowed on is refused for runs and can be looked at") {
  if (geteuid() != 0) {
    WARN("skipped: mounting a disk read-only needs root");
    return;
  }
  Cli cli;
  mkdir(cli.state_dir().c_str(), 0700);
  if (mount("tmpfs", cli.state_dir().c_str(), "tmpfs", 0, "size=8m") != 0) {
    WARN("skipped: no disk can be mounted here");
    return;
  }
  REQUIRE(cli.runbook(kEmpty).code == 0);
  REQUIRE(mount("tmpfs", cli.state_dir().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=8m") == 0);
  const Ended ended = cli.runbook(changing(cli, 1));
  CHECK((ended.code == 69 || ended.code == 77));
  CHECK(ended.err.find("error:") != std::string::npos);
  CHECK(cli.read("mark").empty());
  CHECK(cli.run({"runs", "-o", "json"}).code == 0);
  umount2(cli.state_dir().c_str(), MNT_DETACH);
}

TEST_CASE("processes that write at once share the store, and no run is lost") {
  for (const int processes : {2, 10}) {
    Cli cli;
    const std::string file = cli.write("book.lua", changing(cli, 20));
    std::vector<Running> running;
    for (int i = 0; i < processes; ++i) running.push_back(cli.start({"run", file, "-o", "json"}));
    for (Running& each : running) {
      const Ended ended = each.wait();
      INFO(ended.err);
      CHECK(ended.code == 0);
      CHECK(member(ended.out, "state") == "\"succeeded\"");
    }
    CHECK(run_count(cli) == static_cast<size_t>(processes));
  }
}

TEST_CASE("commands that need no store make none") {
  Cli cli;
  cli.run({"ops"});
  cli.run({"list"});
  cli.run({"config", "show"});
  cli.run({"runs"});
  CHECK_FALSE(std::filesystem::exists(cli.state_dir()));
}
