// The loop's promises: what runs when, on which thread, and what keeps it going.
#include "engine/loop/loop.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/loop/timer.h"
#include "engine/loop/work.h"
#include "tests/support/catch.h"

using namespace engine;

TEST_CASE("a loop with nothing to do returns at once") {
  Loop loop;
  loop.run();
  CHECK(Task::alive == 0);
}

TEST_CASE("deferred work runs after the turn, in order, also what it defers itself") {
  Loop loop;
  std::string order;
  loop.defer([&] {
    order += 'a';
    loop.defer([&] { order += 'c'; });
  });
  loop.defer([&] { order += 'b'; });
  CHECK(order.empty());
  loop.run();
  CHECK(order == "abc");
}

TEST_CASE("a timer fires once, and not at all once it is destroyed") {
  Loop loop;
  int fired = 0;
  TaskPtr kept = start_timer(loop, Millis(1), [&] {
    ++fired;
    kept.reset();  // a callback may destroy its own task
  });
  TaskPtr dropped = start_timer(loop, Millis(1), [&] { fired += 100; });
  dropped.reset();
  loop.run();
  CHECK(fired == 1);
  CHECK(Task::alive == 0);
}

TEST_CASE("work posted from another thread runs on the loop's while it is held") {
  Loop loop;
  auto hold = loop.hold();
  const std::thread::id here = std::this_thread::get_id();
  int ran = 0;
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) {
      loop.post([&] {
        ran += std::this_thread::get_id() == here ? 1 : 0;
        if (ran == 1000) hold.reset();
      });
    }
  });
  loop.run();
  poster.join();
  CHECK(ran == 1000);
}

TEST_CASE("the turn function is called again without blocking while it wants to be") {
  Loop loop;
  int turns = 0;
  loop.set_turn([&] { return ++turns < 100; });
  loop.run();
  CHECK(turns == 100);

  loop.wake();
  loop.run();
  CHECK(turns == 101);
}

TEST_CASE("a loop can be stopped while something still waits") {
  Loop loop;
  TaskPtr far = start_timer(loop, Millis(1000000), [] {});
  loop.defer([&] { loop.stop(); });
  loop.run();
  far.reset();
}

TEST_CASE("work runs on another thread, and its end on the loop") {
  Loop loop;
  std::thread::id worker;
  bool finished = false;
  TaskPtr task;
  task = start_work(
      loop, [&] { worker = std::this_thread::get_id(); },
      [&] {
        finished = true;
        task.reset();
      });
  loop.run();
  CHECK(finished);
  CHECK(worker != std::this_thread::get_id());
}

TEST_CASE("the end of work that nobody waits for is dropped, and the loop outlives the work") {
  std::atomic<bool> ended = false;
  bool told = false;
  {
    Loop loop;
    std::atomic<bool> begun = false;
    TaskPtr task = start_work(
        loop,
        [&] {
          begun = true;
          ended = true;
        },
        [&] { told = true; });
    while (!begun) std::this_thread::yield();
    task.reset();
  }
  CHECK(ended);
  CHECK_FALSE(told);
  CHECK(Task::alive == 0);
}
