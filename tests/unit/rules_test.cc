// Rules of durable runs that are about what is on disk when something happens: it is looked at
// through a second connection.
#include <algorithm>

#include "engine/store/mail.h"
#include "tests/support/await.h"
#include "tests/support/crash_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kAllow = "allow = { 'box:destroy', 'state:change', 'disk:change' },";

class DiskFixture : public CrashFixture {
 public:
  DiskFixture() {
    add("disk.look", ops::Effect::read);
    add("disk.change", ops::Effect::change);
  }

  // What was on disk when an operation began.
  struct Seen {
    std::string operation, id, key;
    Strings entries;
  };

  // The run's entries as another process finds them now.
  Strings on_disk(const std::string& run) {
    if (!second) {
      auto opened = store::Store::open(
          second_loop, {.folder = folder / "state", .access = store::StoreOptions::Access::read});
      if (!opened) return {};
      second = std::move(*opened);
    }
    Result<store::Database*> database = second->reader();
    if (!database) return {};
    const Result<store::RunRecord> record = store::find_run(**database, run);
    if (!record) return {};
    const Result<std::string> journal = store::read_journal(**database, *record);
    Strings texts;
    if (!journal) return {};
    const Result<JsonDocument> document = read_json(*journal);
    for (const JsonElement entry : simdjson::dom::array(document->root()))
      texts.push_back(json_text(entry));
    return texts;
  }

  void until(const std::function<bool()>& is) { test::await(loop, is); }
  bool is_on_disk(const std::string& run, std::string_view part) {
    return std::ranges::any_of(on_disk(run), [&](const std::string& entry) {
      return entry.find(part) != std::string::npos;
    });
  }
  void answer(const std::string& run, const std::string& data) {
    change([&](store::Database& db) -> Result<void> {
      const auto asked = store::list_waiting(db, run, 10);
      REQUIRE(asked);
      REQUIRE(asked->size() == 1);
      const Result<int64_t> sent = store::send_mail(
          db,
          {0, run, "approval", asked->front().place, data, "unix:other", system_clock().wall_ms()});
      return sent ? Result<void>() : fail(sent.error());
    });
    store->ring_all();
    store->ring((*store::find_run(**store->reader(), run)).owner);
  }
  bool waits_in_public(const std::string& run) {
    const auto asked = store::list_waiting(**store->reader(), run, 10);
    return asked && !asked->empty();
  }

  std::vector<Seen> seen;
  Loop second_loop;
  std::unique_ptr<store::Store> second;

 private:
  void add(const std::string& name, ops::Effect effect) {
    ops::Operation op;
    op.name = name;
    op.summary = "Looks at the disk.";
    op.effect = effect;
    ops::Field id, delay;
    id.name = "id";
    id.type = ops::Type::string;
    delay.name = "delay";
    delay.type = ops::Type::duration;
    delay.fallback = "0";
    op.params = {id, delay};
    op.start = [this, name](ops::CallInput input, Done done) -> TaskPtr {
      const Result<JsonDocument> args = read_json(input.args);
      const std::string target(json_string(args->root(), "id").value_or("?"));
      seen.push_back({name, target, input.key, on_disk(input.run)});
      const Millis after(json_integer(args->root(), "delay").value_or(0));
      return start_timer(loop, after, [target, done = std::move(done)]() mutable {
        done("{\"id\":\"" + target + "\"}");
      });
    };
    REQUIRE(registry.add(std::move(op)));
  }
};

// The place among the entries of the one that has all these parts.
std::optional<size_t> place_of(const Strings& entries, const Strings& parts) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto has = [&](const std::string& part) {
      return entries[i].find(part) != std::string::npos;
    };
    if (std::ranges::all_of(parts, has)) return i;
  }
  return std::nullopt;
}

size_t count_kind(const Strings& entries, std::string_view kind) {
  return std::ranges::count(entries, kind, kind_of);
}

}  // namespace

TEST_CASE_METHOD(DiskFixture, "rule 3: an effect starts only after its intent is on disk") {
  const Outcome whole = run(R"(
    local function lane(name)
      return function()
        for i = 1, 3 do
          box.get{ id = name .. i }
          log.info("on its way", { id = name .. i })
          step("Change", function() disk.change{ id = name .. i, delay = "1ms" } end)
          state.compare_and_set{ name = name .. i, value = i }
        end
      end
    end
    parallel { lane "a", lane "b", lane "c" }
    disk.change{ id = "last" })",
                            kAllow);
  REQUIRE(whole.state == "succeeded");
  const Strings journal = entries(whole.id);
  REQUIRE(seen.size() == 10);
  for (const Seen& one : seen) {
    INFO(one.id);
    REQUIRE_FALSE(one.key.empty());
    const auto intent = place_of(one.entries, {R"("t":"call")", "\"key\":\"" + one.key + "\""});
    REQUIRE(intent);
    // And nothing that came before it is missing.
    CHECK(one.entries == ::until(journal, one.entries.size()));
    if (one.id == "last") continue;
    const auto read = place_of(one.entries, {R"("op":"box.get")", "\"id\":\"" + one.id + "\""});
    const auto said = place_of(one.entries, {R"("t":"log")", "\"id\":\"" + one.id + "\""});
    REQUIRE(read);
    REQUIRE(said);
    CHECK(*read < *said);
    CHECK(*said < *intent);
  }
}

TEST_CASE_METHOD(DiskFixture, "rule 3: a change's result is on disk when the next one starts") {
  const Outcome whole = run(R"(
    for i = 1, 5 do
      disk.change{ id = "c" .. i, delay = (i % 2) .. "ms" }
      if i == 3 then sleep "5ms" end
      box.get{ id = "g" .. i }
    end)",
                            kAllow);
  REQUIRE(whole.state == "succeeded");
  REQUIRE(seen.size() == 5);
  for (size_t i = 0; i < seen.size(); ++i) {
    INFO(seen[i].id);
    CHECK(count_kind(seen[i].entries, "call") == i + 1);
    CHECK(count_kind(seen[i].entries, "result") == i);
  }
}

TEST_CASE_METHOD(DiskFixture,
                 "rule 3: a result that no other change takes along gets to disk too") {
  const Result<std::string> id = start(
      "disk.change{ id = 'a' } local n = 0 for i = 1, 100 do n = n + i end"
      " disk.look{ id = 'long', delay = '1h' }",
      kAllow);
  REQUIRE(id);
  until([&] { return seen.size() == 2; });
  until([&] { return is_on_disk(*id, R"("t":"result")"); });
  CHECK(kind_of(on_disk(*id).back()) == "result");
  REQUIRE(runner->cancel(*id, "unix:test"));
  loop.run();
  CHECK((*last)->state == "cancelled");
}

TEST_CASE_METHOD(DiskFixture, "rule 3: what came before a sleep is on disk while the run sleeps") {
  const Result<std::string> id = start("box.get{ id = 'a' } sleep '1h'", kAllow);
  REQUIRE(id);
  until([&] { return is_on_disk(*id, "box.get"); });
  CHECK(runner->alive() == 1);
  REQUIRE(runner->cancel(*id, "unix:test"));
  loop.run();
}

TEST_CASE_METHOD(DiskFixture, "rule 3: who is asked for an approval finds what led to it") {
  const Result<std::string> id = start(R"(
    disk.look{ id = "before" }
    local choice = approve{ message = "Go on?", choices = { "yes", "no" } }.choice
    disk.look{ id = "between" }
    disk.change{ id = choice })",
                                       kAllow);
  REQUIRE(id);
  until([&] { return waits_in_public(*id); });
  CHECK(place_of(on_disk(*id), {R"("op":"disk.look")", R"("id":"before")"}));
  answer(*id, R"({"choice":"yes"})");
  while (!last) loop.run();
  REQUIRE((*last)->state == "succeeded");
  REQUIRE(seen.size() == 3);
  CHECK(seen[2].id == "yes");
  const auto answered = place_of(seen[2].entries, {R"("op":"approve")", R"("choice":"yes")"});
  const auto between = place_of(seen[2].entries, {R"("op":"disk.look")", R"("id":"between")"});
  REQUIRE(answered);
  REQUIRE(between);
  CHECK(*answered < *between);
}

TEST_CASE_METHOD(DiskFixture, "rule 3: a parked run is on disk whole") {
  options.parking = ParkingOptions{Millis(0), 0, Millis(0)};
  begin_anew();
  const Result<std::string> id = start(
      "disk.look{ id = 'a' } log.info('said') report('half') wait_for{ signal = 'go' }"
      " return 'on'",
      kAllow);
  REQUIRE(id);
  until([&] { return runner->alive() == 0; });
  const auto is_parked = [&] {
    const auto record = store::find_run(**second->reader(), *id);
    return record && record->state == "waiting";
  };
  (void)on_disk(*id);
  until(is_parked);
  const Strings kept = on_disk(*id);
  CHECK(place_of(kept, {R"("op":"disk.look")"}));
  CHECK(count_kind(kept, "log") == 1);
  CHECK(kind_of(kept.back()) == "report");
  CHECK(watched == kept);
  change([&](store::Database& db) -> Result<void> {
    const Result<int64_t> sent = store::send_mail(
        db, {0, *id, "signal", "go", "{}", "unix:other", system_clock().wall_ms()});
    return sent ? Result<void>() : fail(sent.error());
  });
  store->ring_all();
  while (!last) loop.run();
  CHECK((*last)->result == R"("on")");
}

TEST_CASE_METHOD(DiskFixture, "rule 3: who looks on is never ahead of the disk") {
  const std::string name = "shown";
  write(name, std::string("return runbook{ summary = \"A test.\", ") + kAllow + R"(
    run = function(ctx)
      local function lane(name)
        return function()
          for i = 1, 4 do
            step(name .. i, function()
              log.info("in " .. name .. i)
              box.get{ id = name .. i }
              disk.change{ id = name .. i, delay = "1ms" }
              report(name .. i)
              state.set{ name = name, value = i }
              sleep "1ms"
            end)
          end
        end
      end
      parallel { lane "a", lane "b" }
      log.info("the end")
      fail("CONFLICT", "it ends badly")
    end })");
  Strings ahead, shown;
  std::string id;
  std::optional<std::string> state, state_on_disk;
  const Result<std::string> started = runner->start(
      {.runbook = name, .params = "{}", .principal = "unix:test", .trigger = "{}"},
      [&](std::string_view entry) {
        const Result<JsonDocument> document = read_json(entry);
        shown.push_back(json_text(document->root()));
        const Strings kept = on_disk(id);
        if (kept.size() < shown.size() || kept[shown.size() - 1] != shown.back())
          ahead.push_back(shown.back());
      },
      [&](Result<Outcome> outcome) {
        state = outcome ? outcome->state : outcome.error().message;
        const auto record = store::find_run(**second->reader(), id);
        state_on_disk = record ? record->state : record.error().message;
        loop.stop();
      });
  REQUIRE(started);
  id = *started;
  loop.run();
  CHECK(state == "failed");
  CHECK(state_on_disk == "failed");
  CHECK(ahead == Strings());
  CHECK(shown == entries(id));
}

TEST_CASE_METHOD(DiskFixture, "rule 2: arguments are matched before their defaults") {
  const Outcome whole = run(R"(
    local a = box.get{ id = "a" }.id
    box.ensure{ id = a }
    local b = box.get{ id = "b", delay = "1ms" }.id
    disk.change{ id = b }
    box.ensure{ id = "c" }
    return a .. b)",
                            kAllow);
  REQUIRE(whole.state == "succeeded");
  const Strings journal = entries(whole.id);
  ops::Registry newer;
  for (const ops::Operation* known : registry.all()) {
    ops::Operation op = *known;
    if (op.plugin() == "box" || op.plugin() == "disk") {
      ops::Field added;
      added.name = "colour";
      added.type = ops::Type::string;
      added.fallback = "\"red\"";
      op.params.push_back(added);
      for (ops::Field& param : op.params) {
        if (param.name == "delay") param.fallback = "1";
      }
    }
    REQUIRE(newer.add(std::move(op)));
  }
  for (size_t kept = 1; kept < journal.size(); ++kept) {
    const std::string& behind = journal[kept - 1];
    if (kind_of(behind) == "call" && behind.find("disk.change") != std::string::npos) continue;
    INFO("killed behind " << behind);
    crash(whole.id, ::until(journal, kept));
    ops::Invoker upgraded(loop, newer, system_clock(), ops::OperatorPolicy{});
    Runner other(loop, *store, newer, upgraded, secrets, *library, system_clock(), options);
    std::optional<Result<Outcome>> again;
    REQUIRE(
        other.resume({.run = whole.id, .principal = "unix:test"}, {}, [&](Result<Outcome> outcome) {
          again = std::move(outcome);
          loop.stop();
        }));
    while (!again) loop.run();
    REQUIRE(*again);
    INFO((*again)->error);
    CHECK((*again)->result == whole.result);
  }
}
