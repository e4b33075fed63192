// What README shows works as it is printed there.
#include <filesystem>
#include <fstream>

#include "engine/base/files.h"
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using namespace engine::test;

TEST_CASE("README's runbook passes the check and does what it says") {
  const std::string readme = *read_file(SOURCE_DIR "/README.md", 1 << 20);
  const size_t begin = readme.find("```lua\n") + 7;
  const std::string text = readme.substr(begin, readme.find("```\n", begin) - begin);
  Cli cli;
  const std::string file = cli.write("clean.lua", text);
  const std::string old = cli.write("tmp/old.log", "x");
  const std::string fresh = cli.write("tmp/fresh.log", "x");
  using namespace std::chrono;
  std::filesystem::last_write_time(old,
                                   std::filesystem::file_time_type::clock::now() - hours(24 * 30));

  CHECK(cli.run({"check", file}).code == 0);
  const std::vector<std::string> command = {"run",     file,  "--folder",     cli.folder() + "/tmp",
                                            "--above", "0",   "--older-than", "14d",
                                            "-o",      "json"};
  std::vector<std::string> dry = command;
  dry.push_back("--dry-run");
  CHECK(cli.run(dry).code == 0);
  CHECK(std::filesystem::exists(old));

  const Ended ended = cli.run(command);
  CHECK(ended.code == 0);
  CHECK(ended.out.find("\"result\":{\"removed\":1}") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(old));
  CHECK(std::filesystem::exists(fresh));
}
