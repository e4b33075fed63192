// Where settings come from, and what is said about wrong ones.
#include "engine/config/config.h"

#include <filesystem>
#include <fstream>

#include "engine/config/keys.h"
#include "engine/config/toml.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::config;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/engine-config-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const Setting& setting(const Loaded& loaded, std::string_view key) {
  for (const Setting& each : loaded.config.settings) {
    if (each.key == key) return each;
  }
  FAIL("there is no setting " << key);
  throw 0;
}

Loaded loaded_from(const std::string& file, Variables variables = {}) {
  variables.emplace("HOME", "/home/ops");
  Sources sources;
  sources.file = file;
  sources.variables = std::move(variables);
  return load(sources);
}

}  // namespace

TEST_CASE("without a file every setting has its default") {
  Sources sources;
  sources.variables = {{"HOME", "/nowhere"}};
  const Loaded loaded = load(sources);

  CHECK(loaded.problems.empty());
  CHECK(loaded.config.state_dir == "/nowhere/.local/state/engine");
  CHECK(loaded.config.lua_memory == 64 << 20);
  CHECK(loaded.config.lua_cpu == Millis(60'000));
  CHECK(loaded.config.operations_max == 20);
  CHECK(loaded.config.settings.size() >= keys().size());
  CHECK(setting(loaded, "lua.memory").origin == "default");
  CHECK_FALSE(loaded.config.allow);
}

TEST_CASE("the state folder is the service's, the user's, or the machine's") {
  Sources sources;
  sources.variables = {{"HOME", "/home/ops"}, {"XDG_STATE_HOME", "/state"}};
  CHECK(load(sources).config.state_dir == "/state/engine");
  sources.root = true;
  CHECK(load(sources).config.state_dir == "/var/lib/engine");
  sources.variables["STATE_DIRECTORY"] = "/var/lib/engine-blue:/other";
  CHECK(load(sources).config.state_dir == "/var/lib/engine-blue");
  sources.flags["state_dir"] = "/tmp/s";
  const Loaded loaded = load(sources);
  CHECK(loaded.config.state_dir == "/tmp/s");
  CHECK(setting(loaded, "state_dir").origin == "--state-dir");
}

TEST_CASE("a file, its overlay, a variable and a flag hold in that order, and say so") {
  const Folder folder;
  const std::string file = folder.write("engine.toml",
                                        "[lua]\nmemory = \"100MiB\"\ncpu = \"5s\"\n"
                                        "[log]\nlevel = \"error\"\n");
  const std::string overlay = folder.write("engine.staging.toml", "lua.cpu = \"7s\"\n");

  Loaded loaded = loaded_from(file);
  CHECK(loaded.config.lua_cpu == Millis(5'000));
  CHECK(setting(loaded, "lua.memory").origin == file + ":2:1");

  loaded = loaded_from(file, {{"ENGINE_ENV", "staging"}, {"ENGINE_LOG_LEVEL", "debug"}});
  CHECK(loaded.files == std::vector<std::string>{file, overlay});
  CHECK(loaded.config.lua_cpu == Millis(7'000));
  CHECK(loaded.config.lua_memory == 100 << 20);
  CHECK(loaded.config.log_level == "debug");
  CHECK(setting(loaded, "lua.cpu").origin.starts_with(overlay + ":1:"));
  CHECK(setting(loaded, "log.level").origin == "ENGINE_LOG_LEVEL");
}

TEST_CASE("a limit is a whole number in a file and in a variable") {
  const Folder folder;
  const std::string file = folder.write("engine.toml", "limits.operations = 7\n");
  CHECK(loaded_from(file).config.operations_max == 7);
  CHECK(setting(loaded_from(file), "limits.operations").value == "7");
  const Loaded variable = loaded_from(file, {{"ENGINE_LIMITS_OPERATIONS", "5"}});
  CHECK(variable.config.operations_max == 5);
  CHECK(setting(variable, "limits.operations").value == "5");
  for (const char* wrong : {"0", "1000001", "99999999999999999999"}) {
    const Loaded refused = loaded_from(file, {{"ENGINE_LIMITS_OPERATIONS", wrong}});
    REQUIRE(refused.problems.size() == 1);
    CHECK(refused.problems[0].message ==
          "limits.operations must be from 1 to 1000000, not " + std::string(wrong));
  }
}

TEST_CASE("all that is wrong with a file is said at once, with line, column and a near name") {
  const Folder folder;
  const std::string file = folder.write("engine.toml",
                                        "state_dir = 5\n"
                                        "runboks = [\"x\"]\n"
                                        "lua = 3\n"
                                        "[permissions]\n"
                                        "  deny = [\"docker:destory\"]\n"
                                        "allow = []\n"
                                        "[log]\nlevel = 5\n"
                                        "[limits]\noperations = \"many\"\n");
  const Loaded loaded = loaded_from(file);

  struct Expected {
    int line, column;
    std::string message;
  };
  const std::vector<Expected> expected = {
      {1, 13, "state_dir must be a path, not an integer"},
      {2, 1, "no setting named 'runboks'"},
      {3, 1, "'lua' must be a table"},
      {5, 10, "permissions.deny: 'docker:destory' is no permission"},
      {6, 9, "permissions.allow must not be empty"},
      {8, 9, "log.level must be one of debug, info, warn, error, off, not an integer"},
      {10, 14, "limits.operations must be a whole number, not 'many'"},
  };
  REQUIRE(loaded.problems.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(loaded.problems[i].file == file);
    CHECK(loaded.problems[i].line == expected[i].line);
    CHECK(loaded.problems[i].column == expected[i].column);
    CHECK(loaded.problems[i].message == expected[i].message);
  }
  CHECK(loaded.problems[1].hint == "did you mean 'runbooks'?");
}

TEST_CASE("a table's header without a key does not end the program") {
  const auto read = read_toml("[|+a]l[\nk\"ugins.pr\n");

  REQUIRE_FALSE(read);
  CHECK(read.error().line == 1);
}

TEST_CASE("a file that is no TOML is refused with its place") {
  const Folder folder;
  const Loaded loaded = loaded_from(folder.write("engine.toml", "ok = 1\nbroken = = 2\n"));
  REQUIRE(loaded.problems.size() == 1);
  CHECK(loaded.problems[0].line == 2);
  CHECK(loaded.problems[0].source == "broken = = 2");
}

TEST_CASE("a named file that is not there is a problem, a missing overlay is none") {
  const Folder folder;
  CHECK(loaded_from(folder.path() + "/none.toml").problems.size() == 1);
  CHECK(loaded_from(folder.write("a.toml", ""), {{"ENGINE_ENV", "prod"}}).problems.empty());
}

TEST_CASE("an unknown variable with our prefix is a warning with a near name") {
  const Loaded loaded = loaded_from(
      "", {{"ENGINE_LUA_MEMROY", "1MiB"}, {"ENGINE_SECRET_DB", "x"}, {"ENGINE_ENV", ""}});
  CHECK(loaded.problems.empty());
  REQUIRE(loaded.warnings.size() == 1);
  CHECK(loaded.warnings[0].hint == "did you mean ENGINE_LUA_MEMORY?");
}

TEST_CASE("plugins' settings are handed on as JSON, from files and variables") {
  const Folder folder;
  const std::string file =
      folder.write("engine.toml",
                   "[plugins.process]\nmax_timeout = \"5m\"\ndenied_commands = [\"rm\"]\n"
                   "[plugins.process.env]\nA = 1\n");
  const Loaded loaded = loaded_from(file, {{"ENGINE_PLUGINS_PROCESS_MAX_TIMEOUT", "1m"},
                                           {"ENGINE_PLUGINS_FS_DEPTH", "3"},
                                           {"ENGINE_PLUGINS_FS_ROOTS", "[\"/a\"]"}});
  CHECK(loaded.warnings.empty());
  CHECK(loaded.config.plugins.at("process") ==
        R"({"denied_commands":["rm"],"env":{"A":1},"max_timeout":"1m"})");
  CHECK(loaded.config.plugins.at("fs") == R"({"depth":3,"roots":["/a"]})");
}

TEST_CASE("what looks like a secret is not for display") {
  CHECK(looks_secret("db_password", "\"x\""));
  CHECK(looks_secret("API_KEY", ""));
  CHECK(looks_secret("url", "\"https://user:hunter2@host/x\""));
  CHECK_FALSE(looks_secret("url", "\"https://host:80/x@y\""));
  CHECK_FALSE(looks_secret("timeout", "\"5m\""));

  const Folder folder;
  const Loaded loaded = loaded_from(folder.write("engine.toml", "password = \"hunter2\nlua = 1\n"));
  REQUIRE_FALSE(loaded.problems.empty());
  for (const Problem& problem : loaded.problems) {
    CHECK(problem.source.find("hunter2") == std::string::npos);
    CHECK(problem.message.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("relative paths start at the file's folder, and ~ is the home folder") {
  const Folder folder;
  const Loaded loaded =
      loaded_from(folder.write("engine.toml", "runbooks = [\"books\", \"~/more\", \"/abs\"]\n"));
  CHECK(loaded.config.runbooks ==
        std::vector<std::string>{folder.path() + "/books", "/home/ops/more", "/abs"});
}
