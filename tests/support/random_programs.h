// Random programs, and a world that remembers what they did to it when their process dies.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <random>

#include "engine/store/mail.h"
#include "tests/support/crash_fixture.h"

namespace engine::runs {

inline constexpr const char* kKit = R"(
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
    switch (below(repeated ? 11 : 12)) {
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
      case 9:
        return "approve{ message = 'a" + id + "', choices = { 'yes', 'no' } }.choice";
      case 10:
        return "wait_for{ event = 'box.e" + id + "' }.kind";
      default:
        return "(state.compare_and_set{ name = 's" + id + "', value = " + id + " } and 's')";
    }
  }

  std::mt19937 random_;
  int count_ = 0;
};

class RandomWorld : public CrashFixture {
 public:
  RandomWorld() {
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
    follow = [this](std::string_view source, plugin::FollowOptions how,
                    plugin::FollowEvents events) {
      return follow_box(std::string(source), std::move(how), std::move(events));
    };
    for (const char* name : {"box.stop", "box.ensure", "box.remove", "box.make"}) note_order(name);
    answer_approvals();
  }

  // What the world has seen when the process dies.
  void restore(const std::string& id, const Strings& kept, const std::vector<store::Mail>& sent,
               std::mt19937& random) {
    done.clear();
    order.clear();
    answered_.clear();
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

  // Keys of effects as they happened: "run:task:number".
  std::vector<std::string> order;

 private:
  void note_order(const std::string& name) {
    auto* op = const_cast<ops::Operation*>(*registry.find(name));
    op->start = [this, start = op->start](ops::CallInput input, Done answer) {
      order.push_back(input.key);
      return start(std::move(input), std::move(answer));
    };
  }

  // Of each source the same event comes again and again.
  Result<std::unique_ptr<plugin::Subscription>> follow_box(std::string source,
                                                           plugin::FollowOptions how,
                                                           plugin::FollowEvents events) {
    how.delay_min = how.delay_max = Millis(1);
    return plugin::follow(
        loop, std::move(source), std::move(how), std::move(events),
        [this](std::string args, Done, std::function<void(plugin::Event)> emit,
               std::function<void()> accepted) -> TaskPtr {
          const Result<JsonDocument> asked = read_json(args);
          const int seen =
              std::stoi(std::string(json_string(asked->root(), "cursor").value_or("0")));
          return start_timer(
              loop, Millis(1), [seen, emit = std::move(emit), accepted = std::move(accepted)] {
                accepted();
                emit({"start", 1'700'000'000'000, "db", "{}", std::to_string(seen + 1)});
              });
        });
  }

  // Somebody says yes to everything, once; and leaves when the last run is over.
  void answer_approvals() {
    approver_ = start_timer(loop, Millis(1), [this] {
      answer_approvals();
      if (last != nullptr && runner->alive() == 0) loop.stop();
      const auto waiting = store::list_waiting(**store->reader(), "", 100);
      for (const store::Waiting& asked : *waiting) {
        if (asked.kind != "approve" || !answered_.insert(asked.run + asked.place).second) continue;
        store->write(
            [asked](store::Transaction& transaction) -> Result<void> {
              const Result<int64_t> sent = store::send_mail(
                  transaction.db(), {0, asked.run, "approval", asked.place, R"({"choice":"yes"})",
                                     "unix:other", system_clock().wall_ms()});
              return sent ? Result<void>() : fail(sent.error());
            },
            [this, run = asked.run](Result<void>) {
              const auto found = store::find_run(**store->reader(), run);
              if (!found || !store->ring(found->owner)) store->ring_all();
            });
      }
    });
  }

  TaskPtr approver_;
  std::set<std::string> answered_;

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

inline uint32_t number_in(const char* variable, uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

// Empty, or the effects of a task that did not come in the order of its places: `before` are
// intents of earlier lives.
inline std::string out_of_order(std::vector<std::string> before,
                                const std::vector<std::string>& effects) {
  before.insert(before.end(), effects.begin(), effects.end());
  std::map<std::string, int> last;
  for (const std::string& key : before) {
    const size_t colon = key.rfind(':');
    const int number = std::stoi(key.substr(colon + 1));
    int& reached = last[key.substr(0, colon)];
    if (number < reached) return key + " after " + std::to_string(reached);
    reached = number;
  }
  return "";
}

// The keys of what these entries intend.
inline std::vector<std::string> intents_of(const std::vector<std::string>& entries) {
  std::vector<std::string> keys;
  for (const std::string& entry : entries) {
    const Result<JsonDocument> document = read_json(entry);
    if (json_string(document->root(), "t") != "call") continue;
    if (json_boolean(document->root(), "lua").value_or(false)) continue;
    keys.emplace_back(*json_string(document->root(), "key"));
  }
  return keys;
}

}  // namespace engine::runs
