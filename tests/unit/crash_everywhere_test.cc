// Crash everywhere: for each entry of a run's journal, the process dies right
// behind it, the run is taken up again, and the end must be the same.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kKit = R"(
return {
  summary = "A kit.", uses = { "box:change" },
  operations = { ["twice"] = { summary = "Makes two.", effect = "change", params = {},
    run = function(args)
      local made = parallel {
        function() return box.make{ id = args.id .. "a" }.id end,
        function() return box.make{ id = args.id .. "b" }.id end,
      }
      return { ids = made[1] .. made[2] }
    end } } })";

// Programs whose result does not depend on time: random, but the same for the
// same seed.
class Author {
 public:
  explicit Author(uint32_t seed) : random_(seed) {}

  std::string expression(int depth, bool repeated = false) {
    const std::string id = std::to_string(++count_);
    if (depth == 0) return leaf(id, repeated);
    switch (below(10)) {
      case 0:
        return "step('S" + id + "', function() log.info('in " + id + "') return " +
               expression(depth - 1, repeated) + " end)";
      case 1:
      case 2: {
        std::string tasks;
        for (int i = below(3) + 1; i >= 0; --i)
          tasks += "function() return " + expression(depth - 1, repeated) + " end, ";
        return "table.concat(parallel{ " + tasks + (below(2) ? "limit = 2 " : "") + "}, '|')";
      }
      case 3:
        return "timeout('1h', function() return " + expression(depth - 1, repeated) + " end)";
      case 4:
        return "(function() local n = 0 return retry({ attempts = 3, first = "
               "'1ms' }, function() "
               "n = n + 1 local v = " +
               expression(depth - 1, true) +
               " if n < 2 then fail('NETWORK_ERROR', 'again') end return v end) "
               "end)()";
      case 5:
        return "select(2, pcall(timeout, '1ms', function() box.get{ id = 'x', "
               "delay = '1h' } end))"
               ".code .. " +
               expression(depth - 1, repeated);
      case 6:
        return "tostring((pcall(parallel, { function() box.get{ id = 'q' } "
               "fail('CONFLICT', 'x') "
               "end, function() box.get{ id = 'w', delay = '1h' } end }))) .. " +
               expression(depth - 1, repeated);
      case 8:
        return "(function() local held <close> = lock('l" + std::to_string(below(2)) +
               "') return " + expression(0, repeated) + " end)()";
      case 7:
        return "(first{ function() return " + expression(depth - 1, repeated) +
               " end, function() sleep '1h' end })";
      default:
        return "(function() local a = " + expression(depth - 1, repeated) +
               " report('r') local b = " + expression(depth - 1, repeated) +
               " return a .. ',' .. b end)()";
    }
  }

 private:
  int below(int end) { return static_cast<int>(random_() % static_cast<uint32_t>(end)); }

  std::string leaf(const std::string& id, bool repeated) {
    switch (below(repeated ? 9 : 10)) {
      case 0:
      case 1:
        return "box.make{ id = 'm" + id + "', delay = '" + std::to_string(below(3)) + "ms' }.id";
      case 2:
        return "box.ensure{ id = 'e" + id + "' }.id";
      case 3:
        return "box.get{ id = 'g" + id + "', delay = '" + std::to_string(below(3)) + "ms' }.id";
      case 4:
        return "(function() sleep '1ms' return 'z' end)()";
      case 5:
        return "kit.twice{ id = 'k" + id + "' }.ids";
      case 6:
        return "(function() signal(ctx.id, 'i" + id + "', '" + id +
               "') return wait_for{ signal = 'i" + id + "' }.data end)()";
      case 7:
        return "table.concat(parallel{ function() return wait_for{ signal = 'p" + id +
               "', timeout = '1h' }.data end, function() sleep '1ms' "
               "signal(ctx.id, 'p" +
               id + "', 'v') return 'w' end }, '|')";
      case 8:
        return "run('helper', { id = 'h" + id + "' })";
      default:
        return "(state.compare_and_set{ name = 's" + id + "', value = " + id + " } and 's')";
    }
  }

  std::mt19937 random_;
  int count_ = 0;
};

class World : public CrashFixture {
 public:
  World() {
    ops::Operation twice;
    twice.name = "kit.twice";
    twice.summary = "Makes two.";
    twice.effect = ops::Effect::change;
    ops::Field id;
    id.name = "id";
    id.type = ops::Type::string;
    twice.params = {id};
    ops::Script script;
    script.source = "plugins/kit/plugin.lua";
    script.text = kKit;
    script.uses = {"box:change"};
    script.settings = [] { return Result<std::string>("{}"); };
    twice.script = std::make_shared<const ops::Script>(std::move(script));
    REQUIRE(registry.add(std::move(twice)));
    write("helper",
          R"(return runbook{ summary = "Helps.", allow = { "box:change" },
      params = { id = { "string" } },
      run = function(ctx)
        local a = box.make{ id = ctx.params.id .. "a" }.id
        sleep "1ms"
        return a .. box.ensure{ id = ctx.params.id .. "b" }.id
      end })");
  }

  // What the world has seen when the process dies.
  void restore(const std::string& id, const Strings& kept, const std::vector<store::Mail>& sent,
               std::mt19937& random) {
    done.clear();
    see(kept, random);
    size_t signals = 0;
    Strings states;
    for (const std::string& entry : kept) {
      const Result<JsonDocument> document = read_json(entry);
      const JsonElement root = document->root();
      const std::string_view op = json_string(root, "op").value_or("");
      if (op == "signal") ++signals;
      if (op != "state.compare_and_set") continue;
      if (json_boolean(root, "own").value_or(false) && json_member(root, "ok"))
        states.emplace_back(*json_string(*json_member(root, "args"), "name"));
    }
    change([](store::Database& db) { return db.exec("DELETE FROM state"); });
    for (const store::RunRecord& child : children(id)) restore_child(child.id, kept, random);
    restore_mail(sent, signals);
    for (const std::string& name : states) keep_state("t1", name);
  }

  std::vector<store::RunRecord> children(const std::string& id) {
    std::vector<store::RunRecord> runs = *store::list_runs(**store->reader(), {.limit = 1000});
    std::erase_if(runs, [&](const store::RunRecord& run) { return run.id == id; });
    return runs;
  }

  Strings state_names() {
    Strings names;
    const auto values = store::list_state(**store->reader(), "t1", "", 1000, 1);
    for (const store::StateValue& value : *values) names.push_back(value.name);
    return names;
  }

 private:
  // Of what had begun, part is done.
  void see(const Strings& kept, std::mt19937& random) {
    std::map<std::string, std::string> begun;  // place -> key
    for (const std::string& entry : kept) {
      const Result<JsonDocument> document = read_json(entry);
      const JsonElement root = document->root();
      const std::string place = std::string(json_string(root, "p").value_or("")) + ":" +
                                std::to_string(json_integer(root, "n").value_or(0));
      const std::string kind = kind_of(entry);
      if (kind == "call" && !json_boolean(root, "lua").value_or(false))
        begun[place] = *json_string(root, "key");
      if (kind == "result" && begun.contains(place)) {
        ++done[begun[place]];
        begun.erase(place);
      }
    }
    for (const auto& [place, key] : begun) {
      if (random() % 2 == 0) ++done[key];
    }
  }

  // Started with the entry that says so, it is where it was, or further.
  void restore_child(const std::string& child, const Strings& kept, std::mt19937& random) {
    const auto says = [&](const std::string& part) {
      return std::ranges::any_of(
          kept, [&](const std::string& entry) { return entry.find(part) != std::string::npos; });
    };
    if (!says("\"ok\":\"" + child + "\""))
      return change(
          [&](store::Database& db) { return execute(db, "DELETE FROM run WHERE id = ?", child); });
    Strings own = entries(child);
    if (!says("\"run\":\"" + child + "\"") && random() % 2 == 0) {
      own = until(own, 1 + random() % (own.size() - 1));
      crash(child, own);
    }
    see(own, random);
  }
};

uint32_t number_in(const char* variable, uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

void crash_behind_each_entry(World& world, const std::string& body, uint32_t seed) {
  INFO("program of seed " << seed << ": " << body);
  const Outcome whole = world.run(body, "allow = { 'box:destroy', 'state:change', 'kit:change' },");
  INFO(whole.error);
  REQUIRE(whole.state == "succeeded");
  const Strings journal = world.entries(whole.id);
  const std::map<std::string, int> effects = world.done;
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
    World world;
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
    World plain;
    const Outcome whole = plain.run(body, allow);
    World parking;
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
  World world;
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
