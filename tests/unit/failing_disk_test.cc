// Runs on a disk whose fsync fails, or that is full, from some moment on: nothing is done that is
// not on disk, nothing is claimed, and afterwards the run goes on from what is there.
#include <cstdlib>
#include <random>
#include <set>

#include "tests/support/catch.h"
#include "tests/support/failing_vfs.h"
#include "tests/support/lives.h"

using namespace engine;
using namespace engine::test;
using failing_vfs::Failure;

namespace {

// A doubt is told, looked for, and settled by the script itself.
constexpr const char* kSettled = R"(
local function add(id)
  local ok, err = pcall(world.add, { id = id, delay = "1ms" })
  if ok then return end
  if err.code ~= "IN_DOUBT" then error(err, 0) end
  if not world.look{ id = id }.there then return add(id) end
end
local function lane(name)
  return function()
    for i = 1, 4 do
      step(name .. i, function()
        add(name .. i)
        world.make{ id = name .. "m" .. i, delay = "1ms" }
        world.keep{ id = name .. "k" .. i }
        state.compare_and_set{ name = name .. i, value = i }
        sleep "1ms"
      end)
    end
  end
end
parallel { lane "a", lane "b", lane "c" }
return #state.list{}
)";

struct FailingWorld : World {
  FailingWorld() { failing_vfs::install(); }
  ~FailingWorld() { failing_vfs::failure = Failure::none; }

  // From the given effect on.
  void fail_at(int count, Failure failure) {
    effect = [this, count, failure] {
      if (static_cast<int>(happened.size()) == count) failing_vfs::failure = failure;
    };
  }
  void check_intents(const std::string& journal) const {
    for (const auto& [key, id] : keys) {
      INFO("effect on " << id << " has no intent on disk: " << journal);
      CHECK(journal.find("\"key\":\"" + key + "\"") != std::string::npos);
    }
  }
};

uint32_t seed() {
  const char* given = std::getenv("ENGINE_TEST_SEED");
  return given ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device()();
}

}  // namespace

TEST_CASE("a disk whose fsync fails: no effect without its intent and no success claimed") {
  const uint32_t first = seed();
  WARN("seed " << first << " (ENGINE_TEST_SEED gives it back)");
  std::mt19937 random(first);
  for (int round = 0; round < 12; ++round) {
    FailingWorld world;
    const Failure kind = std::array{Failure::sync, Failure::write, Failure::full}[round % 3];
    const int moment = 1 + static_cast<int>(random() % 36);
    INFO("failure " << round % 3 << " at effect " << moment);
    world.fail_at(moment, kind);
    {
      Life life(world, failing_vfs::kName);
      life.start(kSettled);
      const auto ended = life.wait();
      REQUIRE(ended.has_value());
      CHECK((!ended->has_value() || (*ended)->state == "failed"));
    }
    failing_vfs::failure = Failure::none;
    world.effect = [] {};
    Life life(world, failing_vfs::kName);
    CHECK(life.integrity() == "ok");
    CHECK(life.last_run().state == "running");
    world.check_intents(life.journal());
    const runs::Outcome outcome = life.resume();
    INFO(outcome.error);
    CHECK(outcome.result == "12");
    for (const std::string lane : {"a", "b", "c"}) {
      for (int i = 1; i <= 4; ++i) {
        CHECK(world.times(lane + std::to_string(i)) == 1);
        CHECK(world.times(lane + "m" + std::to_string(i)) == 1);
        const int kept = world.times(lane + "k" + std::to_string(i));
        CHECK((kept == 1 || kept == 2));
      }
    }
  }
}

TEST_CASE("a disk that fails once: the run ends and says why and the next one is well") {
  FailingWorld world;
  Life life(world, failing_vfs::kName);
  world.fail_at(5, Failure::sync);
  life.start(kSettled);
  const auto ended = life.wait();
  REQUIRE(ended.has_value());
  failing_vfs::failure = Failure::none;
  world.effect = [] {};
  world.check_intents(life.journal());
  REQUIRE_FALSE((*ended).has_value());
  CHECK(ended->error().message.find("engine.db") != std::string::npos);
  CHECK_FALSE(ended->error().hint.empty());
  CHECK(life.run("return world.keep{ id = 'x' }.there").result == "true");
}
