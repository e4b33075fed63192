// A cancel at a random moment of a random program, and then the process dies: it stays cancelled,
// and nothing begins any more that the cancel has kept from beginning.
#include <random>

#include "tests/support/random_programs.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kAllow = "allow = { 'box:destroy', 'state:change', 'kit:change' },";

std::string with_undo(const std::string& expression) {
  return "local undo <close> = setmetatable({}, { __close = function() box.ensure{ id = 'undo' }"
         " end })\nlocal value = " +
         expression + "\nreturn value";
}

std::map<std::string, int> times(const Strings& happened) {
  std::map<std::string, int> counted;
  for (const std::string& effect : happened) ++counted[effect];
  return counted;
}

class CancelledWorld : public RandomWorld {
 public:
  // Runs it, and cancels it when so many of its entries have been seen.
  Outcome run_until(const std::string& body, size_t entry) {
    const Result<std::string> id = start(body, kAllow);
    REQUIRE(id);
    watch_for(*id, entry);
    loop.run();
    REQUIRE(last != nullptr);
    REQUIRE(*last);
    return **last;
  }

  // Restores the world, also what had been sent to children.
  void die(const std::string& id, const Strings& kept, const std::vector<store::Mail>& sent,
           std::mt19937& random) {
    crash(id, kept);
    restore(id, kept, sent, random);
    change([&](store::Database& db) {
      return execute(db, "INSERT OR IGNORE INTO mail SELECT * FROM sent WHERE run <> ?", id);
    });
    happened.clear();
  }

 private:
  void watch_for(const std::string& id, size_t entry) {
    if (last != nullptr) return;
    if (watched.size() < entry) {
      loop.defer([this, id, entry] { watch_for(id, entry); });
      return;
    }
    (void)runner->cancel(id, "unix:test");  // unless it has just ended
  }
};

// What was asked for behind the cancel: what is done to close the run, and nothing else.
void check_intents_behind(const Strings& journal, size_t cancel) {
  for (size_t i = cancel + 1; i < journal.size(); ++i) {
    if (kind_of(journal[i]) != "call") continue;
    INFO("behind the cancel: " << journal[i]);
    CHECK(journal[i].find(R"("id":"undo")") != std::string::npos);
  }
}

void crash_behind_cancel(CancelledWorld& world, const Outcome& cut, const Strings& possible,
                         uint32_t seed) {
  const Strings journal = world.entries(cut.id);
  const std::vector<store::Mail> sent = world.signals(cut.id);
  const size_t cancel = first(journal, R"("t":"cancel")");
  check_intents_behind(journal, cancel);
  const std::map<std::string, int> allowed = times(possible);
  std::mt19937 random(seed);
  for (size_t kept = cancel + 1; kept < journal.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
    const Strings left = until(journal, kept);
    world.die(cut.id, left, sent, random);
    const Outcome again = world.resume(cut.id);
    INFO(again.error);
    REQUIRE(again.state == cut.state);
    check_intents_behind(world.entries(cut.id), cancel);
    REQUIRE(out_of_order(intents_of(left), world.order) == "");
    for (const auto& [effect, count] : times(world.happened)) {
      INFO(effect);
      REQUIRE(allowed.contains(effect));
      REQUIRE(count <= allowed.at(effect));
    }
    for (const auto& [key, count] : world.done) {
      INFO(key);
      REQUIRE(count <= (world.repeatable.contains(key) ? 2 : 1));
    }
    for (const store::RunRecord& child : world.children(cut.id)) REQUIRE(child.has_ended());
  }
}

}  // namespace

TEST_CASE("crash everywhere: what was cancelled stays cancelled and nothing more begins") {
  const uint32_t first_seed = number_in("ENGINE_TEST_SEED", std::random_device()());
  const uint32_t programs = number_in("ENGINE_TEST_PROGRAMS", 10);
  WARN(programs << " programs from seed " << first_seed << " on (ENGINE_TEST_SEED gives it back)");
  int cancelled = 0;
  for (uint32_t seed = first_seed; seed != first_seed + programs; ++seed) {
    const std::string body = with_undo(Author(seed).expression(3));
    INFO("program of seed " << seed << ": " << body);
    RandomWorld plain;
    const Outcome whole = plain.run(body, kAllow);
    INFO(whole.error);
    REQUIRE(whole.state == "succeeded");
    std::mt19937 random(seed);
    const size_t moment = 1 + random() % plain.entries(whole.id).size();
    INFO("cancelled at entry " << moment);
    CancelledWorld world;
    const Outcome cut = world.run_until(body, moment);
    const Strings journal = world.entries(cut.id);
    if (std::ranges::count(journal, "cancel", kind_of) == 0) {
      CHECK(cut.result == whole.result);  // it was over
      continue;
    }
    INFO(cut.error);
    CHECK(cut.state == "cancelled");
    ++cancelled;
    crash_behind_cancel(world, cut, plain.happened, seed);
  }
  WARN(cancelled << " were cancelled");
}
