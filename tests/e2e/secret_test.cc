// A planted secret is in nothing that leaves the program.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/cli.h"

using engine::test::Cli;
using engine::test::Ended;

namespace {

constexpr const char* kInEnvironment = "canary-environment-5d1f0c";
constexpr const char* kInFile = "canary-file-93ab7e";

bool has_canary(const std::string& text) {
  return text.find(kInEnvironment) != std::string::npos || text.find(kInFile) != std::string::npos;
}

}  // namespace

TEST_CASE("a planted secret is in no output, journal, log or error") {
  Cli cli;
  cli.env["ENGINE_SECRET_ENVIRONMENT"] = kInEnvironment;
  cli.env["ENGINE_SECRETS_FOLDERS"] = cli.folder() + "/secrets";
  cli.env["ENGINE_LOG_LEVEL"] = "debug";
  cli.env["ENGINE_PLUGINS_FS_TOKEN"] = kInFile;
  cli.write("secrets/file", std::string(kInFile) + "\n");
  const std::string book =
      R"(return runbook { summary = "s", params = { { "key", "secret", "A key" } },
    run = function(ctx)
      local mac = crypto.hmac{ key = ctx.params.key, text = "x" }
      crypto.hmac{ key = secret("file"), text = "x" }
      log.info("made", { key = ctx.params.key, other = tostring(secret("environment")) })
      report{ key = ctx.params.key }
      pcall(function() error(secret("environment")) end)
      crypto.hmac{ key = secret("environment"), text = tostring(secret("file")) }
    end })";

  std::vector<Ended> all;
  all.push_back(cli.runbook(book, {"--key", "environment"}));
  all.push_back(cli.runbook(book, {"--key", "file", "-o", "json"}));
  all.push_back(cli.runbook(book, {"--key", "missing"}));
  all.push_back(cli.run({"call", "crypto.hmac", "--key", "environment", "--text", "x"}));
  all.push_back(cli.run({"config", "show"}));
  all.push_back(cli.run({"config", "show", "-o", "json"}));
  all.push_back(cli.run({"runs", "-o", "json"}));
  const std::string runs = all.back().out;
  for (size_t at = runs.find("\"run\":\""); at != runs.npos; at = runs.find("\"run\":\"", at + 1)) {
    const std::string id = runs.substr(at + 7, 12);
    all.push_back(cli.run({"trace", id, "--full"}));
    all.push_back(cli.run({"trace", id, "-o", "json"}));
    all.push_back(cli.run({"logs", id}));
  }
  CHECK(all[0].err.find("made") != std::string::npos);
  for (const Ended& ended : all) {
    INFO(ended.out << "\n" << ended.err);
    CHECK_FALSE(has_canary(ended.out));
    CHECK_FALSE(has_canary(ended.err));
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cli.state_dir())) {
    std::ifstream stream(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    INFO(entry.path());
    CHECK_FALSE(has_canary(text.str()));
  }
}
