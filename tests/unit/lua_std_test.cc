// Runs tests/lua/*_test.lua in a run of our own interpreter, with the modules of scripts/ and of
// runbooks/.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/lua_run.h"

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the modules that runbooks require do what their tests say") {
  const std::filesystem::path root = SOURCE_DIR;
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root / "tests/lua")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_test.lua")) continue;
    ++count;
    engine::tests::LuaRun run;
    for (const auto& module : std::filesystem::directory_iterator(root / "scripts/std")) {
      run.outside.modules["std." + module.path().stem().string()] = text_of(module.path());
    }
    for (const auto& module : std::filesystem::directory_iterator(root / "runbooks/boulder")) {
      run.outside.modules[module.path().stem().string()] = text_of(module.path());
    }
    for (const auto& module : std::filesystem::directory_iterator(root / "tests/lua")) {
      run.outside.modules[module.path().stem().string()] = text_of(module.path());
    }
    INFO(name);
    CHECK(run.run("local failures = require('harness')\ndo\n" + text_of(entry.path()) +
                  "\nend\nreturn failures") == "[]");
  }
  CHECK(count >= 4);
}
