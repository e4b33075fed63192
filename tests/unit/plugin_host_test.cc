// Plugins from shared objects: one that works, and every way in which one can be broken.
#include "engine/loop/timer.h"
#include "engine/plugin/calls.h"
#include "engine/plugin/host.h"
#include "tests/support/catch.h"

using namespace engine;

namespace {

struct Fixture {
  Loop loop;
  ops::Registry registry;
  ops::Secrets secrets{{}};
  std::optional<plugin::Host> host;
  std::vector<std::string> progress;

  Fixture() { host.emplace(loop, registry, secrets, plugin::HostOptions{{FIXTURE_PLUGINS}, {}}); }

  Result<std::string> call(const std::string& name,
                           std::string args = "{\"text\":\"hello\",\"times\":1}") {
    const Result<const ops::Operation*> op = registry.find(name);
    if (!op) return std::unexpected(op.error());
    ops::CallInput input;
    input.operation = name;
    input.args = std::move(args);
    input.progress = [this](std::string json) { progress.push_back(std::move(json)); };
    std::optional<Result<std::string>> outcome;
    const TaskPtr task = (*op)->start(
        std::move(input), [&](Result<std::string> result) { outcome = std::move(result); });
    CHECK_FALSE(outcome.has_value());
    loop.run();
    if (!outcome) return fail(code::kTimeout, "no answer");
    return *outcome;
  }

  std::string why_broken(const std::string& name) {
    const Result<std::string> outcome = call(name + ".text.say");
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == code::kBackendUnavailable);
    return outcome.error().message;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a plugin in C is found in its folder, declared, started and called") {
  const Result<const ops::Operation*> op = registry.find("echo.text.say");
  REQUIRE(op);
  CHECK((*op)->timeout == Millis(1000));
  CHECK((*op)->params[1].max == 9);
  CHECK(*(*op)->params[1].fallback == "1");

  CHECK(*call("echo.text.say") == "{\"text\":\"hello\",\"times\":1}");
  CHECK(progress == std::vector<std::string>{"\"halfway\""});
  const Result<std::string> refused = call("echo.text.refuse");
  CHECK(refused.error().code == "echo.REFUSED");
  CHECK(refused.error().message == "it does not want to");
}

TEST_CASE_METHOD(Fixture, "a broken plugin gives one clear line, and the others work on") {
  CHECK(why_broken("stale") ==
        "plugin 'stale' was built for version 99 of plugin.h; this engine speaks version 1");
  CHECK(why_broken("empty") == "plugin 'empty' has no function engine_plugin_declare");
  CHECK(why_broken("twice") == "operation 'twice.text.say' is declared twice");
  CHECK(why_broken("grumpy") ==
        "plugin 'grumpy' could not be started: the backend does not know us");

  CHECK(call("echo.text.say"));
}

TEST_CASE_METHOD(Fixture, "a second answer to a call is counted and reaches nobody") {
  const uint64_t before = plugin::Calls::instance().spent_twice();

  CHECK(*call("hasty.text.say") == "{\"text\":\"hello\",\"times\":1}");

  CHECK(plugin::Calls::instance().spent_twice() == before + 1);
}

TEST_CASE_METHOD(Fixture, "a call that is never answered stays without effect on the rest") {
  CHECK(call("silent.text.say").error().code == code::kTimeout);
  CHECK(call("echo.text.say"));
}

TEST_CASE_METHOD(Fixture, "an answer that is not JSON is an error of the plugin") {
  const Result<std::string> outcome = call("garbled.text.say");

  CHECK(outcome.error().code == code::kInternal);
  CHECK(outcome.error().message == "plugin 'garbled' answered what is not JSON");
}

TEST_CASE_METHOD(Fixture,
                 "plugins are listed with where they are from and what is wrong with them") {
  std::map<std::string, plugin::PluginStatus> by_name;
  for (plugin::PluginStatus& status : host->list()) by_name.emplace(status.name, status);

  CHECK(by_name.at("fs").origin == "built in");
  CHECK(by_name.at("echo").state == "declared");
  CHECK(by_name.at("echo").origin.ends_with("/echo/echo.so"));
  CHECK(by_name.at("stale").state == "broken");
  CHECK(by_name.at("stale").error.find("version 99") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a host that ends waits for the worker threads of its plugins") {
  const size_t before = plugin::Calls::instance().open_count();
  const Result<const ops::Operation*> op = registry.find("fs.read");
  REQUIRE(op);
  ops::CallInput input;
  input.operation = "fs.read";
  input.args = R"({"path":"/proc/self/status","limit":1000,"offset":0})";
  TaskPtr task = (*op)->start(std::move(input), [](Result<std::string>) {});
  CHECK(plugin::Calls::instance().open_count() > before);

  task.reset();
  host.reset();

  CHECK(plugin::Calls::instance().open_count() == before);
}
