// The one road: in which order things happen, and what does not happen.
#include "engine/ops/invoker.h"

#include "engine/loop/timer.h"
#include "tests/support/catch.h"
#include "tests/support/fake_caller.h"

using namespace engine;
using namespace engine::ops;

namespace {

struct Road {
  Loop loop;
  Registry registry;
  FakeCaller caller{loop};
  std::optional<Invoker> invoker;
  int started = 0;
  Millis answers_after{0};
  Result<std::string> answer = std::string(R"({"changed":true})");
  std::optional<Result<std::string>> outcome;
  TaskPtr task;

  Road() { invoker.emplace(loop, registry, system_clock(), OperatorPolicy{}); }
  ~Road() {
    task.reset();
    invoker.reset();
    loop.run();
    CHECK(Task::alive == 0);
  }

  void declare(std::string name, Effect effect, std::function<void(Operation&)> more = {}) {
    Operation op;
    op.name = std::move(name);
    op.summary = "Does it.";
    op.effect = effect;
    Field id;
    id.name = "id";
    id.type = Type::string;
    op.params = {id};
    op.target = "id";
    op.start = [this](CallInput, Done done) {
      ++started;
      return start_timer(loop, answers_after,
                         [this, done = std::move(done)]() mutable { done(answer); });
    };
    if (more) more(op);
    REQUIRE(registry.add(std::move(op)));
  }

  void call(const std::string& name, const std::string& args = "{}") {
    Call made;
    made.operation = name;
    made.args = args;
    made.number = 1;
    made.line = "x.lua:3";
    task = invoker->invoke(caller, std::move(made),
                           [this](Result<std::string> result) { outcome = std::move(result); });
    CHECK_FALSE(outcome.has_value());  // never inside the call that started it
  }
  void run(const std::string& name, const std::string& args = "{}") {
    call(name, args);
    loop.run();
    REQUIRE(outcome.has_value());
  }
};

}  // namespace

TEST_CASE("a read is recorded when it has ended") {
  Road road;
  road.declare("box.get", Effect::read);

  road.run("box.get", R"({"id":"db"})");

  CHECK(**road.outcome == R"({"changed":true})");
  CHECK(road.caller.told == std::vector<std::string>{"ended box.get {\"changed\":true}"});
  CHECK(road.caller.calls[0].target == "db");
  CHECK_FALSE(road.caller.calls[0].intended);
}

TEST_CASE("a change starts only after its intent is on disk") {
  Road road;
  road.declare("box.stop", Effect::change);

  road.call("box.stop");
  CHECK(road.started == 0);
  road.loop.run();

  CHECK(road.started == 1);
  CHECK(road.caller.calls[0].key == "testrun::1");
  CHECK(road.caller.told ==
        std::vector<std::string>{"intend box.stop", "ended box.stop {\"changed\":true}"});
}

TEST_CASE("after a failed commit no effect starts") {
  Road road;
  road.declare("box.stop", Effect::change);
  road.caller.commit = fail(code::kDiskFull, "the disk is full");

  road.run("box.stop");

  CHECK(road.started == 0);
  CHECK(road.outcome->error().code == code::kDiskFull);
}

TEST_CASE("what is unknown, malformed or not permitted is recorded and never started") {
  Road road;
  road.declare("box.stop", Effect::change);
  road.caller.allowed = *Permissions::parse({});

  road.run("box.stop");
  CHECK(road.outcome->error().code == code::kPermissionDenied);
  road.outcome.reset();
  road.run("box.stop", R"({"idd":"x"})");
  CHECK(road.outcome->error().code == code::kInvalidArgument);
  road.outcome.reset();
  road.run("box.stpo");
  CHECK(road.outcome->error().code == code::kNotFound);
  CHECK(road.outcome->error().hint == "did you mean box.stop?");

  CHECK(road.started == 0);
  CHECK(road.caller.told.size() == 3);
}

TEST_CASE("a dry run starts no change, and answers with where it would have come from") {
  Road road;
  road.declare("box.stop", Effect::change);
  road.declare("box.get", Effect::read);
  road.caller.dry = true;

  road.run("box.stop", R"({"id":"db"})");
  CHECK(road.started == 0);
  CHECK(**road.outcome == R"({"$planned":"box.stop at x.lua:3"})");
  CHECK(road.caller.calls[0].planned);

  road.outcome.reset();
  road.run("box.get", R"({"id":"db"})");
  CHECK(road.started == 1);

  road.outcome.reset();
  road.run("box.get", R"({"id":{"$planned":"box.create at x.lua:2"}})");
  CHECK(road.started == 1);
  CHECK(road.caller.calls[2].planned);
}

TEST_CASE("a preview says more in a dry run") {
  Road road;
  road.declare("box.stop", Effect::change, [&](Operation& op) {
    op.preview = [&](CallInput, Done done) {
      return start_timer(road.loop, Millis(0), [done = std::move(done)]() mutable {
        done(std::string("{\"would\":1}"));
      });
    };
  });
  road.caller.dry = true;

  road.run("box.stop", R"({"id":"db"})");

  CHECK(road.caller.calls[0].preview == R"({"would":1})");
}

TEST_CASE("what a preview refuses fails in a dry run as it would for real") {
  Road road;
  road.declare("box.stop", Effect::change, [&](Operation& op) {
    op.preview = [&](CallInput, Done done) {
      return start_timer(road.loop, Millis(0), [done = std::move(done)]() mutable {
        done(fail(code::kPermissionDenied, "it is a root"));
      });
    };
  });
  road.caller.dry = true;

  road.run("box.stop", R"({"id":"db"})");

  CHECK(road.outcome->error().code == code::kPermissionDenied);
  CHECK_FALSE(road.caller.calls[0].planned);
}

TEST_CASE("a call that does not answer in time is TIMEOUT, in doubt where that matters") {
  Road road;
  const auto brief = [](Operation& op) { op.timeout = Millis(20); };
  road.declare("box.stop", Effect::change, brief);
  road.declare("box.get", Effect::read, brief);
  road.declare("box.ensure", Effect::change, [&](Operation& op) {
    brief(op);
    op.idempotent = true;
  });
  road.answers_after = Millis(60'000);

  for (const auto& [name, unknown] :
       {std::pair("box.stop", true), {"box.get", false}, {"box.ensure", false}}) {
    road.outcome.reset();
    road.run(name);
    CHECK(road.outcome->error().code == code::kTimeout);
    CHECK(road.outcome->error().outcome_unknown == unknown);
    CHECK(road.outcome->error().operation == name);
  }
}

TEST_CASE(
    "a cancelled change is recorded with its outcome unknown, one that had not started without") {
  Road road;
  road.declare("box.stop", Effect::change);
  road.answers_after = Millis(60'000);

  road.call("box.stop");
  road.task.reset();
  CHECK(road.caller.told.back() == "ended box.stop CANCELLED");

  road.call("box.stop");
  std::function<void()> when_started = [&] {
    if (road.started == 0) return road.loop.defer(when_started);
    road.task.reset();
  };
  road.loop.defer(when_started);
  road.loop.run();
  CHECK(road.caller.told.back() == "ended box.stop CANCELLED unknown");
  CHECK_FALSE(road.outcome.has_value());
}

TEST_CASE("the effect may follow from the arguments") {
  Road road;
  road.declare("box.exec", Effect::change, [](Operation& op) {
    op.effect_of = [](std::string_view args) {
      return args.find("look") != std::string_view::npos ? Effect::read : Effect::change;
    };
  });

  road.run("box.exec", R"({"id":"look"})");
  CHECK(road.caller.told[0].starts_with("ended"));
  road.outcome.reset();
  road.run("box.exec", R"({"id":"x"})");
  CHECK(road.caller.told[1].starts_with("intend"));
}

TEST_CASE("a bad declaration is refused in words that name it") {
  Registry registry;
  Operation op;
  op.name = "box.stop";
  op.summary = "Stops it.";
  op.start = [](CallInput, Done) { return TaskPtr(); };
  REQUIRE(registry.add(op));

  CHECK(registry.add(op).error().message == "operation 'box.stop' is declared twice");
  op.name = "Box.stop";
  CHECK_FALSE(registry.add(op));
  op.name = "box.start";
  op.summary = "Starts it";
  CHECK_FALSE(registry.add(op));
  op.summary = "Starts it.";
  op.target = "id";
  CHECK(registry.add(op).error().message.find("its target 'id'") != std::string::npos);
}

namespace {

// An operation that answers in doubt, and a probe that finds what `found` says.
void declare_doubtful(Road& road, const std::string& found) {
  Error lost(code::kNetworkError, "the connection was lost");
  lost.outcome_unknown = true;
  road.answer = fail(lost);
  road.declare("box.stop", Effect::change, [&road, found](Operation& op) {
    op.probe = [&road, found](CallInput, Done done) {
      return start_timer(road.loop, Millis(0),
                         [found, done = std::move(done)]() mutable { done(found); });
    };
  });
}

}  // namespace

TEST_CASE("rule 4: live, a probe that finds the effect turns a doubt into an answer") {
  Road road;
  declare_doubtful(road, R"({"done":true,"result":{"changed":true}})");
  road.run("box.stop");
  CHECK(**road.outcome == R"({"changed":true})");
  CHECK(road.caller.told.size() == 2);
}

TEST_CASE("rule 4: live, what a probe does not find may yet happen and stays in doubt") {
  const std::string found = GENERATE(R"({"done":false})", "{}");
  Road road;
  declare_doubtful(road, found);
  road.run("box.stop");
  CHECK(road.outcome->error().code == code::kNetworkError);
  CHECK(road.outcome->error().outcome_unknown);
  CHECK(road.started == 1);
}
