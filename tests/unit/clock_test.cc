// Clocks that are set, both ways and by hours, and machines that sleep: what a live run waits for
// does not care about the wall clock, and counts the sleep.
#include "engine/loop/timer.h"
#include "tests/support/catch.h"
#include "tests/support/lives.h"

using namespace engine;
using namespace engine::test;

namespace {

constexpr int64_t kHour = 3'600'000;

// Does something to the clock while the run waits behind its first effect.
runs::Outcome run_through(const std::string& body, const std::function<void(MovedClock&)>& turn) {
  World world;
  Life life(world);
  TaskPtr soon;
  world.effect = [&] {
    world.effect = [] {};
    soon = start_timer(life.loop, Millis(20), [&] { turn(world.clock); });
  };
  runs::Outcome outcome = life.run("world.keep{ id = 'first' }\n" + body);
  soon.reset();
  return outcome;
}

// The same, and in a new life the run goes on behind it.
void step_by(MovedClock& clock, int64_t hours) { clock.step(hours * kHour); }

}  // namespace

TEST_CASE("rule 10: a step of the wall clock moves no wait of a live run") {
  const int64_t hours = GENERATE(-5, 5);
  const auto step = [&](MovedClock& clock) { step_by(clock, hours); };
  const int64_t began = system_clock().boot_ns();

  CHECK(run_through("sleep '100ms' return 'awake'", step).result == R"("awake")");
  CHECK(run_through("return timeout('2h', function() sleep '100ms' return 'in time' end)", step)
            .result == R"("in time")");
  CHECK(run_through("return (pcall(timeout, '100ms', function() sleep '2h' end))", step).result ==
        "false");
  CHECK(run_through("return retry({ attempts = 2, first = '100ms' }, function(n)\n"
                    "if n == 1 then fail('NETWORK_ERROR', 'no') end return n end)",
                    step)
            .result == "2");
  CHECK(system_clock().boot_ns() - began >= 4 * 50'000'000LL);
}

TEST_CASE("rule 10: a step of the wall clock ends no wait before its time") {
  const int64_t hours = GENERATE(-5, 5);
  World world;
  Life life(world);
  bool early = true;
  TaskPtr soon;
  world.effect = [&] {
    world.effect = [] {};
    soon = start_timer(life.loop, Millis(10), [&] {
      step_by(world.clock, hours);
      soon = start_timer(life.loop, Millis(1500), [&] {
        early = false;
        life.loop.stop();
      });
    });
  };
  life.start("world.keep{ id = 'first' } sleep '1h' return 'awake'");
  CHECK_FALSE(life.wait().has_value());
  CHECK_FALSE(early);
}

TEST_CASE("rule 10: what a run sees of the clock never goes back") {
  const runs::Outcome outcome = run_through(
      "local before = os.time() sleep '60ms' local after = os.time() return after >= before",
      [](MovedClock& clock) { step_by(clock, -5); });
  CHECK(outcome.result == "true");
  CHECK(outcome.finished_at_ms >= outcome.started_at_ms);
}

TEST_CASE("rule 10: a wait counts the time that the machine slept") {
  const auto suspend = [](MovedClock& clock) { clock.suspend(3 * kHour); };
  CHECK(run_through("sleep '2h' return 'awake'", suspend).result == R"("awake")");
  CHECK(run_through("return (pcall(timeout, '2h', function() sleep '10d' end))", suspend).result ==
        "false");
}

TEST_CASE("rule 10: a crash while the clock is as it was changes no wait") {
  World world;
  {
    Life life(world);
    TaskPtr soon;
    world.effect = [&] { soon = start_timer(life.loop, Millis(20), [&] { life.loop.stop(); }); };
    life.start("world.keep{ id = 'first' } sleep '2h' return 'awake'");
    CHECK_FALSE(life.wait().has_value());
    soon.reset();
  }
  world.effect = [] {};
  world.clock.suspend(3 * kHour);
  Life life(world);
  CHECK(life.resume().result == R"("awake")");
}

namespace {

// What is left of a sleep of two hours, begun behind the first effect, when the process dies an
// hour later, the clock having been set meanwhile; how the run ends is not waited for.
struct Interrupted {
  explicit Interrupted(const std::string& body) {
    TaskPtr soon;
    Life life(world);
    world.effect = [&] { soon = start_timer(life.loop, Millis(20), [&] { life.loop.stop(); }); };
    life.start("world.keep{ id = 'first' } " + body);
    CHECK_FALSE(life.wait().has_value());
    soon.reset();
    world.effect = [] {};
  }
  // In a new life; whether it came to its end before long.
  bool ends() {
    Life life(world);
    bool early = true;
    const TaskPtr soon = start_timer(life.loop, Millis(1500), [&] {
      early = false;
      life.loop.stop();
    });
    REQUIRE(life.try_resume({.run = life.last_run().id, .principal = "unix:test"}));
    const bool ended = life.wait().has_value();
    return ended && early;
  }
  World world;
};

}  // namespace

TEST_CASE("rule 10: a step of the wall clock before a crash moves no wait") {
  const int64_t hours = GENERATE(-5, 5);
  const char* body = GENERATE("sleep '2h'", "pcall(timeout, '2h', function() sleep '10d' end)",
                              "pcall(wait_for, { signal = 'never', timeout = '2h' })");
  INFO(body << " " << hours);
  Interrupted run(body);
  run.world.clock.suspend(kHour);
  step_by(run.world.clock, hours);
  CHECK_FALSE(run.ends());
  run.world.clock.suspend(kHour / 2);
  step_by(run.world.clock, -2 * hours);  // again, between two lives
  CHECK_FALSE(run.ends());
  run.world.clock.suspend(kHour / 2);
  CHECK(run.ends());
}
