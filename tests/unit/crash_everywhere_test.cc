// Crash everywhere: for each entry of a run's journal, the process dies right
// behind it, the run is taken up again, and the end must be the same.
#include <random>

#include "tests/support/random_programs.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

void crash_behind_each_entry(RandomWorld& world, const std::string& body, uint32_t seed) {
  INFO("program of seed " << seed << ": " << body);
  const Outcome whole = world.run(body, "allow = { 'box:destroy', 'state:change', 'kit:change' },");
  INFO(whole.error);
  REQUIRE(whole.state == "succeeded");
  const Strings journal = world.entries(whole.id);
  const std::map<std::string, int> effects = world.done;
  REQUIRE(out_of_order({}, world.order) == "");
  const Strings states = world.state_names();
  const size_t children = world.children(whole.id).size();
  const std::vector<store::Mail> sent = world.signals(whole.id);
  std::mt19937 random(seed);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
    const Strings left = until(journal, kept);
    world.crash(whole.id, left);
    world.restore(whole.id, left, sent, random);
    const Outcome again = world.resume(whole.id);
    INFO(again.error);
    REQUIRE(again.state == "succeeded");
    REQUIRE(again.result == whole.result);
    REQUIRE(out_of_order(intents_of(left), world.order) == "");
    REQUIRE(world.state_names() == states);
    REQUIRE(world.children(whole.id).size() == children);
    for (const store::RunRecord& child : world.children(whole.id))
      REQUIRE(child.state == "succeeded");
    REQUIRE(world.done.size() == effects.size());
    for (const auto& [key, times] : world.done) {
      INFO(key);
      REQUIRE(effects.contains(key));
      REQUIRE(times <= (world.repeatable.contains(key) ? 2 : 1));
    }
  }
}

}  // namespace

TEST_CASE("crash everywhere: random programs end as if nothing had happened") {
  const uint32_t first_seed = number_in("ENGINE_TEST_SEED", std::random_device()());
  const uint32_t programs = number_in("ENGINE_TEST_PROGRAMS", 10);
  WARN(programs << " programs from seed " << first_seed << " on (ENGINE_TEST_SEED gives it back)");
  for (uint32_t i = 0; i < programs; ++i) {
    const uint32_t seed = first_seed + i;
    RandomWorld world;
    crash_behind_each_entry(world, "return " + Author(seed).expression(3), seed);
  }
}

TEST_CASE("random programs come to the same end where runs are parked whenever they wait") {
  const uint32_t first_seed = number_in("ENGINE_TEST_SEED", std::random_device()());
  const uint32_t programs = number_in("ENGINE_TEST_PROGRAMS", 10);
  WARN(programs << " programs from seed " << first_seed << " on (ENGINE_TEST_SEED gives it back)");
  const std::string allow = "allow = { 'box:destroy', 'state:change', 'kit:change' },";
  for (uint32_t i = 0; i < programs; ++i) {
    const std::string body = "return " + Author(first_seed + i).expression(3);
    INFO("program of seed " << first_seed + i << ": " << body);
    RandomWorld plain;
    const Outcome whole = plain.run(body, allow);
    RandomWorld parking;
    parking.options.parking = ParkingOptions{Millis(0), 0, Millis(0)};
    parking.begin_anew();
    const Outcome parked = parking.run(body, allow);
    INFO(parked.error);
    REQUIRE(parked.state == "succeeded");
    REQUIRE(parked.result == whole.result);
    REQUIRE(parking.done.size() == plain.done.size());
    for (const auto& [key, times] : parking.done) REQUIRE(times == 1);
    REQUIRE(parking.state_names() == plain.state_names());
  }
}

TEST_CASE("crash everywhere: a run that crashes again and again still ends right") {
  RandomWorld world;
  const Outcome whole = world.run(R"(
    local made = parallel {
      function() return box.make{ id = "a" }.id .. kit.twice{ id = "k" }.ids end,
      function() sleep "1ms" return box.ensure{ id = "b" }.id end,
      function() return state.compare_and_set{ name = "s", value = 1 } and "s" end,
    }
    step("Last", function() box.make{ id = "c" } end)
    return made)",
                                  "allow = { 'box:destroy', 'state:change', 'kit:change' },");
  REQUIRE(whole.state == "succeeded");
  std::mt19937 random(1);
  Strings journal = world.entries(whole.id);
  const std::vector<store::Mail> sent;  // it sends none
  for (int crashes = 0; crashes < 40; ++crashes) {
    const Strings left = until(journal, 1 + random() % (journal.size() - 1));
    world.crash(whole.id, left);
    world.restore(whole.id, left, sent, random);
    const Outcome again = world.resume(whole.id);
    INFO(again.error);
    REQUIRE(again.result == whole.result);
    journal = world.entries(whole.id);
  }
}
