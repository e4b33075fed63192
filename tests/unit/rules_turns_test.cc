// Rules of durable runs that are about their scripts: what leaves memory and comes back, and whose
// turn it is.
#include "engine/store/mail.h"
#include "tests/support/await.h"
#include "tests/support/crash_fixture.h"
#include "tests/support/lives.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

class ParkedFixture : public CrashFixture {
 public:
  ParkedFixture() {
    options.parking = ParkingOptions{Millis(0), 0, Millis(0)};
    go_on_elsewhere();
  }

  // Nothing of a parked run is in memory: the engine that goes on with it has never heard of it.
  void go_on_elsewhere() {
    runner.reset();
    runner.emplace(loop, *store, registry, *invoker, secrets, *library, clock, options);
    CHECK(runner->alive() == 0);
  }

  store::RunRecord row(const std::string& id) {
    store->flush();
    return store::find_run(**store->reader(), id).value_or(store::RunRecord());
  }
  void until(const std::function<bool()>& is) { test::await(loop, is); }
  bool is_parked(const std::string& id) {
    return runner->alive() == 0 && row(id).state == "waiting";
  }
  void leave_memory(const std::string& id) {
    until([&] { return is_parked(id); });
    CHECK(row(id).owner == 0);
    go_on_elsewhere();
  }
  void send(const std::string& run, const std::string& kind, const std::string& name,
            const std::string& data) {
    change([&](store::Database& db) -> Result<void> {
      const Result<int64_t> sent =
          store::send_mail(db, {0, run, kind, name, data, "unix:other", system_clock().wall_ms()});
      return sent ? Result<void>() : fail(sent.error());
    });
    store->ring_all();
  }
  std::string ended(const std::string& id) {
    until([&] { return row(id).has_ended() && runner->alive() == 0; });
    return row(id).state + " " + row(id).result;
  }

  test::MovedClock clock;
};

// What a script keeps in variables, tables, closures and its random numbers; `wait` comes twice.
std::string body_around(const std::string& wait) {
  return R"(
    local kept, n = { names = {} }, 0
    local function count() n = n + 1 return n end
    local seed = math.random(1000000)
    for _, id in ipairs{ "a", "b" } do table.insert(kept.names, box.make{ id = id }.id) count() end
    local first = )" +
         wait + R"(
    box.ensure{ id = "c" }
    count()
    local second = )" +
         wait + R"(
    local made = parallel {
      function() return box.make{ id = "d" }.id .. count() end,
      function() return first end,
    }
    return { kept.names, n, first, second, made, seed }
  )";
}

}  // namespace

TEST_CASE_METHOD(ParkedFixture, "rule 6: a run that sleeps is not in memory and comes back") {
  const Result<std::string> id = start(body_around("(function() sleep '2h' return 'up' end)()"));
  REQUIRE(id);
  leave_memory(*id);
  CHECK(happened == Strings{"make a", "make b"});
  for (const size_t effects : {3, 4}) {
    until([&] { return is_parked(*id); });
    clock.suspend(2 * 3'600'000);
    go_on_elsewhere();
    until([&] { return happened.size() == effects; });
  }
  CHECK(ended(*id).starts_with(R"(succeeded [["a","b"],4,"up","up",["d4","up"],)"));
  CHECK(happened == Strings{"make a", "make b", "ensure c", "make d"});
  for (const auto& [key, times] : done) CHECK(times == 1);
}

TEST_CASE_METHOD(ParkedFixture, "rule 6: a run that waits for a signal comes back by replay") {
  const Result<std::string> id = start(body_around("wait_for{ signal = 'go' }.data"));
  REQUIRE(id);
  leave_memory(*id);
  send(*id, "signal", "other", "0");
  send(*id, "signal", "go", "1");
  until([&] { return happened.size() == 3 && is_parked(*id); });
  leave_memory(*id);
  send(*id, "signal", "go", "[2]");
  CHECK(ended(*id).starts_with(R"(succeeded [["a","b"],4,1,[2],["d4",1],)"));
  CHECK(happened == Strings{"make a", "make b", "ensure c", "make d"});
}

TEST_CASE_METHOD(ParkedFixture, "rule 6: a run that waits for an approval comes back by replay") {
  const Result<std::string> id =
      start(body_around("approve{ message = 'Go on?', choices = { 'yes', 'no' } }.choice"));
  REQUIRE(id);
  for (const std::string choice : {"yes", "no"}) {
    leave_memory(*id);
    const auto asked = store::list_waiting(**store->reader(), *id, 10);
    REQUIRE(asked);
    REQUIRE(asked->size() == 1);
    send(*id, "approval", asked->front().place, "{\"choice\":\"" + choice + "\"}");
    if (choice == "yes") until([&] { return happened.size() == 3 && is_parked(*id); });
  }
  CHECK(ended(*id).starts_with(R"(succeeded [["a","b"],4,"yes","no",["d4","yes"],)"));
  CHECK(happened == Strings{"make a", "make b", "ensure c", "make d"});
}

TEST_CASE_METHOD(ParkedFixture, "rule 6: the same random numbers and the same time come back") {
  const Result<std::string> id = start(R"(
    local before = { math.random(1000000), math.random(1000000), os.time() }
    box.ensure{ id = table.concat(before, " ") }
    wait_for{ signal = "go" }
    return table.concat(before, " "))");
  REQUIRE(id);
  leave_memory(*id);
  send(*id, "signal", "go", "1");
  const std::string outcome = ended(*id);
  REQUIRE(happened.size() == 1);
  const std::string told = happened.front().substr(std::string("ensure ").size());
  CHECK(outcome == "succeeded \"" + told + "\"");
}

namespace {

// Tasks that share what they compute, each stretch longer than a time slice. Who computes when
// shows in the result and in what the operations are given.
constexpr const char* kCompute = R"(
  local shared, busy, overtaken = 1, nil, 0
  local function compute(name, factor)
    if busy then overtaken = overtaken + 1 end
    busy = name
    for i = 1, 60000 do
      shared = (shared * factor + i) % 1000003
      if busy ~= name then overtaken = overtaken + 1 end
    end
    busy = nil
    return shared
  end
)";

// Whatever comes first: the tasks compute in an order that is the script's own.
constexpr const char* kInOrder = R"(
  local sum = 0
  local function task(name, factor)
    return function()
      local mine = compute(name, factor)
      box.make{ id = name .. mine, delay = (mine % 3) .. "ms" }
      sum = sum + mine * factor
      sleep "1ms"
      local again = box.make{ id = name .. "again" .. mine }.id
      sum = sum + #again
    end
  end
  for round = 1, 3 do
    parallel { task("a" .. round, 31), task("b" .. round, 37), task("c" .. round, 41) }
  end
  return { shared = shared, sum = sum, overtaken = overtaken }
)";

// The order in which answers come decides who goes on.
constexpr const char* kRace = R"(
  local turns = {}
  local function lane(name, factor, delays)
    return function()
      for i, delay in ipairs(delays) do
        local id = name .. i .. "-" .. compute(name, factor)
        if i % 2 == 1 then box.make{ id = id, delay = delay }
        else box.get{ id = id, delay = delay } end
        turns[#turns + 1] = name .. compute(name, factor + 2)
        sleep(delay)
      end
    end
  end
  parallel { lane("a", 31, { "1ms", "0ms", "2ms" }), lane("b", 37, { "0ms", "1ms", "0ms" }) }
  return { shared = shared, turns = turns, overtaken = overtaken }
)";

class TurnsFixture : public CrashFixture {
 public:
  // The process dies when these entries are on disk, and what they intend is done.
  Outcome crash_and_resume(const std::string& id, const Strings& kept) {
    crash(id, kept);
    done.clear();
    for (const std::string& entry : kept) {
      if (kind_of(entry) != "call") continue;
      done[std::string(*json_string(read_json(entry)->root(), "key"))] = 1;
    }
    return resume(id);
  }
  // The loop goes on whenever a script is cut: its turns until each call of box.note.
  std::vector<int> turns_until_notes(const std::string& body) {
    std::vector<int> notes;
    int turns = 0;
    bool counting = true;
    ops::Operation op;
    op.name = "box.note" + std::to_string(++notes_);
    op.summary = "Notes a turn.";
    op.start = [&](ops::CallInput, Done answer) -> TaskPtr {
      notes.push_back(turns);
      loop.defer([answer = std::move(answer)]() mutable { answer(std::string("null")); });
      return nullptr;
    };
    const std::string name = op.name;
    REQUIRE(registry.add(std::move(op)));
    std::function<void()> count = [&] {
      ++turns;
      if (counting) loop.defer(count);
    };
    loop.defer(count);
    CHECK(run("local note = " + name + "\n" + body).result == "true");
    counting = false;
    wait_until([] { return true; });
    return notes;
  }

 private:
  int notes_ = 0;
};

}  // namespace

TEST_CASE_METHOD(TurnsFixture, "rule 7: a task that computes for long is cut") {
  const auto notes = turns_until_notes(R"(
    local n = 0
    local seen = parallel {
      function()
        note{}
        note{}
        for i = 1, 4000000 do n = n + 1 end
        note{}
        return n
      end,
      function() note{} return n end,
    }
    return seen[1] == 4000000 and seen[2] == 0)");
  REQUIRE(notes.size() == 4);
  CHECK(notes[3] - notes[2] > notes[2] - notes[0]);  // it was cut
}

TEST_CASE_METHOD(TurnsFixture, "rule 7: what parallel tasks share is the same after every crash") {
  const Outcome whole = run(std::string(kCompute) + kInOrder);
  REQUIRE(whole.state == "succeeded");
  REQUIRE(whole.result.find(R"("overtaken":0)") != std::string::npos);
  const Strings journal = entries(whole.id);
  const std::map<std::string, int> effects = done;
  const std::set<std::string> names(happened.begin(), happened.end());
  REQUIRE(effects.size() == 18);
  REQUIRE(names.size() == 18);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
    happened.clear();
    const Outcome again = crash_and_resume(whole.id, until(journal, kept));
    INFO(again.error);
    REQUIRE(again.result == whole.result);
    REQUIRE(done == effects);
    for (const std::string& one : happened) REQUIRE(names.contains(one));
  }
}

TEST_CASE_METHOD(TurnsFixture, "rule 7: tasks that race take the turns again that they took") {
  const Outcome whole = run(std::string(kCompute) + kRace);
  REQUIRE(whole.state == "succeeded");
  const Strings journal = entries(whole.id);
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    INFO("killed behind entry " << kept << ": " << journal[kept - 1]);
    const Outcome again = crash_and_resume(whole.id, until(journal, kept));
    INFO(again.error);
    REQUIRE(again.state == "succeeded");
    REQUIRE(again.result.find(R"("overtaken":0)") != std::string::npos);
    if (kept % 4 != 0) continue;
    const Strings longer = entries(whole.id);
    happened.clear();
    const Outcome once_more = crash_and_resume(whole.id, until(longer, longer.size() - 1));
    INFO(once_more.error);
    REQUIRE(once_more.result == again.result);
    REQUIRE(happened.empty());
  }
}
