// How many operations are under way at once, and what becomes of those that are over that.
#include <algorithm>

#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kAllow = R"(allow = { "line:change", "state:change" },)";

// Operations "line.look" and "line.change" tell when they begin; "line.gate" ends when the test
// says so.
class InFlightFixture : public CrashFixture {
 public:
  InFlightFixture() {
    declare("line.look", ops::Effect::read);
    declare("line.change", ops::Effect::change);
    ops::Operation gate;
    gate.name = "line.gate";
    gate.summary = "Stays until it is told.";
    gate.start = [this](ops::CallInput, Done done) -> TaskPtr {
      class Open : public Task {};
      began.push_back("gate");
      opened = std::move(done);
      return std::make_unique<Open>();
    };
    REQUIRE(registry.add(std::move(gate)));
    limit(1);
  }

  void limit(size_t count) {
    runner.reset();
    invoker.emplace(loop, registry, system_clock(), ops::OperatorPolicy{}, count);
    runner.emplace(loop, *store, registry, *invoker, secrets, *library, system_clock(), options);
  }

  // While others go on.
  Outcome beside(const std::string& body, bool dry = false) {
    const size_t before = outcomes.size();
    const Result<std::string> id = start(body, kAllow, dry);
    REQUIRE(id);
    wait_until([this, before] { return outcomes.size() > before; });
    return **last;
  }
  void open() {
    loop.defer([this] { std::exchange(opened, nullptr)(std::string("null")); });
  }
  void open_after(Millis delay) {
    timer = start_timer(loop, delay, [this] { open(); });
  }

  size_t most = 0, now = 0;
  Strings began;
  Done opened;
  TaskPtr timer;

 private:
  void declare(std::string name, ops::Effect effect) {
    ops::Operation op;
    op.name = name;
    op.summary = "Does it.";
    op.effect = effect;
    op.timeout = Millis(1'000);
    ops::Field id;
    id.name = "id";
    id.type = ops::Type::string;
    op.params = {id};
    op.start = [this](ops::CallInput input, Done done) -> TaskPtr {
      began.emplace_back(*json_string(read_json(input.args)->root(), "id"));
      most = std::max(most, ++now);
      return start_timer(loop, Millis(1), [this, done = std::move(done)]() mutable {
        --now;
        done(std::string("null"));
      });
    };
    REQUIRE(registry.add(std::move(op)));
  }
};

}  // namespace

TEST_CASE_METHOD(InFlightFixture, "no more operations are under way at once than may be") {
  limit(3);
  const std::string many = R"(
    local tasks = {}
    for i = 1, 8 do
      tasks[i] = function()
        line.look { id = "look" .. i }
        line.change { id = "change" .. i }
      end
    end
    parallel(tasks))";
  REQUIRE(start(many, kAllow));
  REQUIRE(start(many, kAllow));
  loop.run();
  CHECK(outcomes.at("t1")->state == "succeeded");
  CHECK(outcomes.at("t2")->state == "succeeded");
  CHECK(began.size() == 32);
  CHECK(most == 3);
}

TEST_CASE_METHOD(InFlightFixture, "runs take turns where operations wait") {
  const auto tasks = [](const std::string& name) {
    return "local tasks = {} for i = 1, 3 do tasks[i] = function() line.look{ id = '" + name +
           "' .. i } end end parallel(tasks)";
  };
  REQUIRE(start("line.gate()"));
  REQUIRE(start(tasks("a")));
  REQUIRE(start(tasks("b")));
  open_after(Millis(20));
  loop.run();
  REQUIRE(began.size() == 7);
  began.erase(began.begin());
  // Which of them asks first is the scheduler's business.
  if (began[0] == "b1")
    for (size_t i = 0; i < 6; i += 2) std::swap(began[i], began[i + 1]);
  CHECK(began == Strings{"a1", "b1", "a2", "b2", "a3", "b3"});
}

TEST_CASE_METHOD(InFlightFixture, "an operation has its whole timeout from when it begins") {
  REQUIRE(start("line.gate()"));
  REQUIRE(start("line.look{ id = 'a' }"));
  open_after(Millis(1'100));
  loop.run();
  CHECK(outcomes.at("t2")->state == "succeeded");
  const Strings journal = entries(outcomes.at("t2")->id);
  const Result<JsonDocument> entry = read_json(journal[first(journal, "line.look")]);
  CHECK(json_integer(entry->root(), "ms").value_or(-1) < 1'000);
}

TEST_CASE_METHOD(InFlightFixture, "a waiting operation that is cancelled never begins") {
  REQUIRE(start("line.gate()"));
  const Outcome ended = beside(R"(
    local late = select(2, pcall(timeout, "5ms", function() line.change{ id = "a" } end))
    return { late.code, late.outcome or "known" })");
  CHECK(ended.result == R"(["TIMEOUT","known"])");
  CHECK(began == Strings{"gate"});
  for (const std::string& entry : entries(ended.id))
    CHECK(entry.find("line.change") == std::string::npos);
  open();
  loop.run();
}

TEST_CASE_METHOD(InFlightFixture, "our own store and waits need no seat") {
  REQUIRE(start("line.gate()"));
  const Outcome ended = beside(R"(
    state.set{ name = "a", value = 1 }
    sleep "1ms"
    return state.get{ name = "a" }.value)");
  CHECK(ended.error.empty());
  CHECK(ended.result == "1");
  open();
  loop.run();
}

TEST_CASE_METHOD(InFlightFixture, "what a dry run only plans needs no seat") {
  REQUIRE(start("line.gate()"));
  CHECK(beside("line.change{ id = 'a' }", true).state == "succeeded");
  CHECK(began == Strings{"gate"});
  open();
  loop.run();
}

TEST_CASE_METHOD(InFlightFixture, "what never began is in no doubt after a crash") {
  REQUIRE(start("line.gate()"));
  const Result<std::string> id = start("line.look{ id = 'a' } line.change{ id = 'b' }", kAllow);
  REQUIRE(id);
  open_after(Millis(1));
  loop.run();
  const Strings journal = entries(*id);
  REQUIRE(first(journal, "\"call\"") > first(journal, "line.look"));
  began.clear();
  crash(*id, until(journal, first(journal, "\"call\"")));
  CHECK(resume(*id).state == "succeeded");
  CHECK(began == Strings{"b"});
}
