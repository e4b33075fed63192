// What a third party sees: the installed tree, its one header, and plugins built against that.
#include <filesystem>
#include <mutex>

#include "tests/support/catch.h"
#include "tests/support/cli.h"
#include "tests/support/http_server.h"

using namespace engine;
using test::Cli;
using test::Ended;
namespace fs = std::filesystem;

namespace {

struct Installed {
  Cli cli;
  std::string prefix = cli.folder() + "/prefix";

  Installed() {
    shell("cmake --install " BUILD_DIR " --prefix " + prefix);
    cli.program = prefix + "/bin/engine";
  }

  Ended shell(const std::string& command) {
    const std::string program = std::exchange(cli.program, "/bin/sh");
    Ended ended = cli.run({"-c", command});
    cli.program = program;
    INFO(command << "\n" << ended.out << ended.err);
    REQUIRE(ended.code == 0);
    return ended;
  }
  // The newest run's journal, as a tree in JSON.
  std::string trace() {
    const std::string id =
        test::member(cli.run({"runs", "-o", "jsonl", "--limit", "1"}).out, "run");
    return cli.run({"trace", id.substr(1, id.size() - 2), "-o", "json"}).out;
  }
  void build_examples() {
    const std::string source = SOURCE_DIR "/examples/native-plugin";
    shell("cmake -S " + source + "/beacon -B " + cli.folder() +
          "/beacon -DCMAKE_PREFIX_PATH=" + prefix + " && cmake --build " + cli.folder() +
          "/beacon && cmake --install " + cli.folder() + "/beacon --prefix " + prefix);
    shell("cp -r " + source + "/pager " + cli.folder() + " && make -C " + cli.folder() +
          "/pager PREFIX=" + prefix + " install");
  }
};

// What a test server was asked, and how it answers.
struct Asked {
  std::mutex mutex;
  std::vector<std::string> heads, bodies;
  std::string state = R"([{"dial":"10.0.0.5:80"}])";

  bool answer(test::HttpPeer& peer) {
    const std::lock_guard guard(mutex);
    heads.push_back(peer.head);
    bodies.push_back(peer.body);
    const char* json = "Content-Type: application/json\r\n";
    if (peer.head.starts_with("PATCH /id/web/upstreams")) {
      state = peer.body;
      return peer.answer(200, "", json);
    }
    if (peer.head.starts_with("GET /id/web/upstreams")) return peer.answer(200, state, json);
    if (peer.head.starts_with("GET /id/"))
      return peer.answer(404, R"({"error":"unknown object ID 'x'"})", json);
    if (peer.head.starts_with("GET /reverse_proxy"))
      return peer.answer(200, R"([{"address":"10.0.0.5:80","num_requests":3,"fails":1}])", json);
    return peer.answer(202, "{}", json);
  }
};

}  // namespace

TEST_CASE_METHOD(Installed, "plugins in C and C++ need the installed header alone") {
  size_t headers = 0;
  for (const auto& entry : fs::recursive_directory_iterator(prefix + "/include"))
    headers += entry.is_regular_file();
  CHECK(headers == 1);
  build_examples();
  const std::string file = cli.folder() + "/status";
  cli.env["ENGINE_PLUGINS_BEACON_PATH"] = file;

  const std::string plugins = cli.run({"plugins", "-o", "jsonl"}).out;
  CHECK(plugins.find(prefix + "/lib/engine/plugins/beacon/beacon.so") != std::string::npos);
  CHECK(plugins.find(R"("broken")") == std::string::npos);
  CHECK(cli.run({"ops", "beacon.state.set"}).out.find("up or down") != std::string::npos);

  const Ended set = cli.run(
      {"call", "beacon.state.set", "--state", "down", "--reason", "a \"disk\" swap", "-o", "json"});
  INFO(set.err);
  CHECK(test::member(set.out, "result") ==
        R"({"changed":true,"reason":"a \"disk\" swap","state":"down"})");
  CHECK(cli.read("status") == "down: a \"disk\" swap\n");
  const Ended again = cli.runbook(
      "return runbook { summary = \"T.\", allow = { \"beacon:change\" }, run = function()\n"
      "  local set = beacon.state.set { state = \"down\", reason = 'a \"disk\" swap' }\n"
      "  local late = pcall(timeout, \"100ms\", function() beacon.state.wait { state = \"up\","
      " every = \"10ms\" } end)\n"
      "  parallel { function() beacon.state.wait { state = \"up\", every = \"10ms\" } end,\n"
      "    function() beacon.state.set { state = \"up\" } end }\n"
      "  return { set.changed, late, beacon.state.get {}.state }\nend }",
      {"-o", "json"});
  INFO(again.err);
  CHECK(test::member(again.out, "result") == R"([false,false,"up"])");
  CHECK(trace().find(R"("operation":"beacon.state.set","place":"1","effect":"change")") !=
        std::string::npos);
  const Ended refused = cli.runbook(
      "return runbook { summary = \"T.\", run = function() beacon.state.set { state = \"up\" } end "
      "}");
  CHECK(refused.code == 77);

  fs::remove(file);
  const Ended missing = cli.run({"call", "beacon.state.get"});
  CHECK(missing.err.find("nobody has written " + file) != std::string::npos);
  cli.env["ENGINE_PLUGINS_BEACON_PATH"] = "relative";
  CHECK(cli.run({"call", "beacon.state.get"})
            .err.find("plugins.beacon.path must be an absolute path") != std::string::npos);
}

TEST_CASE_METHOD(Installed, "a plugin in C++ reads a secret and asks and counts beside the loop") {
  build_examples();
  Asked asked;
  test::HttpServer server([&](test::HttpPeer& peer) { return asked.answer(peer); });
  cli.env["ENGINE_SECRET_PAGER"] = "s3cret-token";

  const Ended sent =
      cli.run({"call", "pager.message.send", "--text", "disk \"full\"\nnow", "--token", "pager",
               "--url", server.url("/v1/messages"), "-o", "json"});
  INFO(sent.err);
  CHECK(test::member(sent.out, "result") == R"({"status":202})");
  REQUIRE(asked.heads.size() == 1);
  CHECK(asked.heads[0].find("Authorization: Bearer s3cret-token\r\n") != std::string::npos);
  CHECK(asked.heads[0].find("Idempotency-Key: ") != std::string::npos);
  CHECK(asked.bodies[0] == R"({"text":"disk \"full\"\nnow"})");
  CHECK(trace().find("s3cret-token") == std::string::npos);

  const std::string log = cli.write("app.log", "one\nerror: two\nerror: three\n");
  const Ended counted = cli.run({"call", "pager.log.count", "--path", log, "-o", "json"});
  CHECK(test::member(counted.out, "result") == R"({"found":2,"lines":3})");
}

TEST_CASE_METHOD(Installed, "the example in Lua speaks to its server and is traced") {
  Asked asked;
  test::HttpServer server([&](test::HttpPeer& peer) { return asked.answer(peer); });
  cli.env["ENGINE_PLUGIN_FOLDERS"] = prefix + "/share/engine/examples/lua-plugin";
  cli.env["ENGINE_PLUGINS_CADDY_ADMIN"] = server.url("");

  const Ended list = cli.run({"call", "caddy.upstream.list", "-o", "json"});
  INFO(list.err);
  CHECK(test::member(list.out, "result") ==
        R"([{"address":"10.0.0.5:80","fails":1,"requests":3}])");
  const std::vector<std::string> set = {"call",        "caddy.upstream.set", "--id", "web",
                                        "--addresses", "10.0.0.6:80",        "-o",   "json"};
  std::vector<std::string> dry = set;
  dry.back() = "table";
  dry.emplace_back("--dry-run");
  CHECK(cli.run(dry).out.find("1. http.request") != std::string::npos);
  CHECK(asked.state == R"([{"dial":"10.0.0.5:80"}])");
  CHECK(test::member(cli.run(set).out, "result") == R"({"before":["10.0.0.5:80"],"changed":true})");
  CHECK(asked.state == R"([{"dial":"10.0.0.6:80"}])");
  CHECK(trace().find(R"("operation":"http.request","place":"1.1:1","effect":"read")") !=
        std::string::npos);
  CHECK(test::member(cli.run(set).out, "result") ==
        R"({"before":["10.0.0.6:80"],"changed":false})");

  const Ended unknown = cli.run({"call", "caddy.upstream.set", "--id", "x", "--addresses", "a:1"});
  CHECK(unknown.err.find("Caddy knows nothing under /id/x/upstreams (NOT_FOUND)") !=
        std::string::npos);
}

TEST_CASE_METHOD(Installed, "completions and manual pages and annotations are where they belong") {
  const std::string share = prefix + "/share/";
  CHECK(cli.read("prefix/share/bash-completion/completions/engine") ==
        cli.run({"completion", "bash"}).out);
  CHECK(fs::exists(share + "zsh/site-functions/_engine"));
  CHECK(fs::exists(share + "fish/vendor_completions.d/engine.fish"));
  CHECK(fs::exists(share + "man/man1/engine.1"));
  CHECK(fs::exists(share + "man/man1/engine-config-show.1"));
  CHECK(fs::exists(share + "engine/luacats/std/units.lua"));
  CHECK(cli.run({"list"}).out.find("quickstart") != std::string::npos);
}
