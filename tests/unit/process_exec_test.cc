// process.exec through the host, as a run calls it.
#include "engine/base/json_read.h"
#include "engine/ops/check.h"
#include "engine/plugin/host.h"
#include "tests/support/catch.h"

using namespace engine;

namespace {

struct Fixture {
  Loop loop;
  ops::Registry registry;
  ops::Secrets secrets{{}};
  std::string config = "{}";
  std::optional<plugin::Host> host;

  Result<std::string> exec(const std::string& given) {
    if (!host) {
      host.emplace(loop, registry, secrets,
                   plugin::HostOptions{{}, [this](std::string_view) { return config; }});
    }
    const Result<const ops::Operation*> op = registry.find("process.exec");
    REQUIRE(op);
    Result<std::string> args = ops::check_args(**op, given);
    if (!args) return args;
    ops::CallInput input;
    input.operation = "process.exec";
    input.args = std::move(*args);
    std::optional<Result<std::string>> outcome;
    const TaskPtr task = (*op)->start(
        std::move(input), [&](Result<std::string> result) { outcome = std::move(result); });
    loop.run();
    if (!outcome) return fail(code::kInternal, "no answer");
    return *outcome;
  }

  std::string text(const Result<std::string>& result, const char* name) {
    REQUIRE(result);
    const auto document = read_json(*result);
    REQUIRE(document);
    const auto member = json_member(document->root(), name);
    return member ? json_bytes(*member).value_or(json_text(*member)) : "absent";
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "exec answers with status and output") {
  const auto result =
      exec(R"({"argv":["sh","-c","cat; echo $A; exit 4"],"stdin":"in ","env":{"A":"b"}})");

  CHECK(text(result, "status") == "4");
  CHECK(text(result, "out") == "in b\n");
  CHECK(text(result, "out_truncated") == "false");
}

TEST_CASE_METHOD(Fixture, "exec keeps no more output than it may") {
  const auto result = exec(R"({"shell":true,"command":"printf 12345","output_limit":3})");

  CHECK(text(result, "out") == "123");
  CHECK(text(result, "out_truncated") == "true");
  CHECK(text(result, "out_bytes") == "5");
}

TEST_CASE_METHOD(Fixture, "exec with bytes that are no text") {
  CHECK(text(exec(R"({"argv":["printf","\\377\\001"]})"), "out") == "\377\001");
}

TEST_CASE_METHOD(Fixture, "a program that takes too long is ended with its children") {
  const auto result = exec(
      R"({"shell":true,"command":"sleep 98765 & sleep 98765","timeout":"50ms","kill_after":"1s"})");

  REQUIRE_FALSE(result);
  CHECK(result.error().code == code::kTimeout);
  CHECK(result.error().message == "'sh' was ended: it took longer than 50ms");
}

TEST_CASE_METHOD(Fixture, "a checked program that fails raises its last words") {
  const auto result = exec(R"({"shell":true,"command":"echo oh no >&2; exit 2","check":true})");

  REQUIRE_FALSE(result);
  CHECK(result.error().code == code::kFailed);
  CHECK(result.error().message == "'sh' ended with status 2: oh no");
  CHECK(exec(R"({"argv":["true"],"check":true})"));
}

TEST_CASE_METHOD(Fixture, "exec is called in one of two shapes") {
  CHECK(exec(R"({})").error().code == code::kInvalidArgument);
  CHECK(exec(R"({"argv":[]})").error().code == code::kInvalidArgument);
  CHECK(exec(R"({"command":"ls"})").error().code == code::kInvalidArgument);
  CHECK(exec(R"({"argv":["ls"],"shell":true,"command":"ls"})").error().code ==
        code::kInvalidArgument);
  CHECK(exec(R"({"argv":["no-such-program"]})").error().code == code::kNotFound);
}

TEST_CASE_METHOD(Fixture, "the operator's settings hold and say so") {
  config = R"({"denied_commands":["rm"],"max_timeout":"20ms","sanitize_error_messages":true})";
  const auto refused = exec(R"({"argv":["/bin/rm","x"]})");
  const auto cut = exec(R"({"argv":["sleep","98766"],"timeout":"1h"})");

  CHECK(refused.error().code == code::kPermissionDenied);
  CHECK(refused.error().message == "'[path]' may not be run: denied_commands names 'rm'");
  CHECK(cut.error().code == code::kTimeout);
  CHECK(cut.error().hint == "the operator's limit is max_timeout in [plugins.process]");
}

TEST_CASE_METHOD(
    Fixture,
    "exec changes something unless it says that it only reads, and is never allowed unasked") {
  static_cast<void>(exec(R"({"argv":["true"]})"));
  const ops::Operation& op = **registry.find("process.exec");

  CHECK(op.effect_of(R"({"argv":["true"],"read":false})") == ops::Effect::change);
  CHECK(op.effect_of(R"({"argv":["true"],"read":true})") == ops::Effect::read);
  CHECK(op.always_allowed_by_name);
}
