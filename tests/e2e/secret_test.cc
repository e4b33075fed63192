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

bool has_canary(const std::string& text) { return text.find("canary-") != std::string::npos; }

// Neither what was shown, nor what is shown of all runs, nor the store's files tell it.
void check_kept(Cli& cli, std::vector<Ended> all) {
  all.push_back(cli.run({"runs", "-o", "json"}));
  const std::string runs = all.back().out;
  for (size_t at = runs.find("\"run\":\""); at != runs.npos; at = runs.find("\"run\":\"", at + 1)) {
    const std::string id = runs.substr(at + 7, 12);
    all.push_back(cli.run({"trace", id, "--full"}));
    all.push_back(cli.run({"trace", id, "-o", "json"}));
    all.push_back(cli.run({"logs", id}));
  }
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
    CHECK((entry.status().permissions() & std::filesystem::perms::others_all) ==
          std::filesystem::perms::none);
  }
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
  CHECK(all[0].err.find("made") != std::string::npos);
  check_kept(cli, std::move(all));
}

TEST_CASE("what an operation declares as sensitive is neither shown nor recorded") {
  Cli cli;
  cli.write("plugins/vault/plugin.lua", R"(return {
  summary = "Keeps things.", version = "1",
  operations = {
    ["box.open"] = {
      summary = "Opens a box.",
      effect = "read",
      params = { { "code", "string", "Opens it.", sensitive = true } },
      results = { { "size", "integer", "Of it." },
                  { "content", "string", "In it.", sensitive = true } },
      run = function(args) return { size = #args.code, content = args.code .. "!" } end,
    },
  },
})");
  cli.env["ENGINE_PLUGIN_FOLDERS"] = cli.folder() + "/plugins";
  std::vector<Ended> all;
  all.push_back(cli.run({"call", "vault.box.open", "--code", "canary-code"}));
  CHECK(all.back().code == 0);
  CHECK(all.back().out.find("11") != std::string::npos);
  all.push_back(cli.run({"call", "vault.box.open", "--code", "canary-code", "-o", "json"}));
  // A script is given it; texts of scripts are recorded.
  all.push_back(cli.runbook(R"(return runbook { summary = "s", run = function()
    return { size = #vault.box.open{ code = "can" .. "ary-code" }.content }
  end })",
                            {"-o", "json"}));
  CHECK(all.back().out.find(R"("result":{"size":12})") != std::string::npos);
  // A value that stands where a secret's name belongs.
  all.push_back(cli.run({"call", "crypto.hmac", "--key", "canary:value", "--text", "x"}));
  CHECK(all.back().code == 65);
  all.push_back(cli.run({"call", "crypto.hmac", "--key", "canary-value", "--text", "x"}));
  CHECK(all.back().code != 0);
  check_kept(cli, std::move(all));
}
