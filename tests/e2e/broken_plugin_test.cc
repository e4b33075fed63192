// Every way in which a shared object can be a bad plugin, through the program: a line that names
// it, and the others work on.
#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using test::Cli;
using test::Ended;

namespace {

struct Broken {
  Cli cli;
  Broken() { cli.env["ENGINE_PLUGIN_FOLDERS"] = FIXTURE_PLUGINS; }

  Ended say(const std::string& plugin) {
    return cli.run({"call", plugin + ".text.say", "--text", "hello"});
  }
  void check_error(const std::string& plugin, int code, const std::string& words) {
    const Ended ended = say(plugin);
    INFO(plugin << ": " << ended.err);
    CHECK(ended.code == code);
    CHECK(ended.err.find(words) != std::string::npos);
  }
};

}  // namespace

TEST_CASE_METHOD(Broken, "a shared object that cannot be a plugin is one line with the reason") {
  check_error("empty", 69, "error: plugin 'empty' has no function engine_plugin_declare\n");
  check_error("stale", 69, "error: plugin 'stale' was built for version 99 of plugin.h; this");
  check_error("twice", 69, "error: operation 'twice.text.say' is declared twice\n");
  check_error("untyped", 69, "'times' has an unknown type\n");
  check_error("unresolved", 69, "undefined symbol: nobody_has_this\n");
  check_error("grumpy", 1, "plugin 'grumpy' could not be started: the backend does not know us");

  CHECK(say("echo").code == 0);
  const std::string listed = cli.run({"plugins", "-o", "jsonl"}).out;
  for (const char* name : {"empty", "stale", "twice", "untyped", "unresolved"}) {
    const size_t at = listed.find("\"name\":\"" + std::string(name) + "\"");
    REQUIRE(at != std::string::npos);
    CHECK(listed.substr(at, listed.find('\n', at) - at).find(R"("state":"broken")") !=
          std::string::npos);
  }
  CHECK(cli.run({"ops"}).out.find("twice.") == std::string::npos);
}

TEST_CASE_METHOD(Broken, "a plugin that answers twice or badly or never is named") {
  const Ended twice = say("hasty");
  CHECK(twice.code == 0);
  CHECK(twice.err.find("plugin 'hasty' answered a call") != std::string::npos);
  check_error("garbled", 1, "plugin 'garbled' answered what is not JSON");
  check_error("silent", 124, "silent.text.say did not answer within 1s");
}

TEST_CASE_METHOD(Broken, "of two plugins of one name the first folder's is used") {
  const std::string second = cli.folder() + "/more";
  std::filesystem::create_directories(second + "/echo");
  std::filesystem::copy(std::string(FIXTURE_PLUGINS) + "/echo/echo.so", second + "/echo/echo.so");
  cli.env["ENGINE_PLUGIN_FOLDERS"] += ":" + second;

  CHECK(say("echo").code == 0);
  const std::string listed = cli.run({"plugins"}).out;
  CHECK(listed.find(second + "/echo/echo.so is not used: " FIXTURE_PLUGINS
                             "/echo/echo.so comes first") != std::string::npos);

  cli.write("more/both/plugin.lua", "return {}");
  std::filesystem::copy(std::string(FIXTURE_PLUGINS) + "/echo/echo.so", second + "/both/both.so");
  check_error("both", 69, "plugin 'both' is there twice, as both.so and as plugin.lua");
}
