// A whole engine in one process: real loop, real store in a folder of its own, real road. Only the
// world is the test's: operations under "box." that say what happened to them.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/json_read.h"
#include "engine/loop/timer.h"
#include "engine/ops/invoker.h"
#include "engine/ops/secrets.h"
#include "engine/runs/library.h"
#include "engine/runs/runner.h"
#include "engine/runs/state_operations.h"
#include "engine/store/journal.h"
#include "engine/store/store.h"
#include "tests/support/catch.h"

namespace engine::runs {

class RunsFixture {
 public:
  RunsFixture() {
    static int count = 0;
    folder = std::filesystem::temp_directory_path() /
             ("engine-runs-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    std::filesystem::remove_all(folder);  // of a process that had the same number, and was killed
    std::filesystem::create_directories(folder / "runbooks");
    Result<std::unique_ptr<store::Store>> opened =
        store::Store::open(loop, {.folder = folder / "state"});
    REQUIRE(opened);
    this->store = std::move(*opened);
    REQUIRE(add_state_operations(
        registry, loop, [this] { return store.get(); }, system_clock()));
    declare("box.get", ops::Effect::read);
    declare("box.stop", ops::Effect::change);
    declare("box.ensure", ops::Effect::change, true);
    declare("box.remove", ops::Effect::destroy);
    declare("box.make", ops::Effect::change, false, true);
    library.emplace(std::vector<std::string>{folder / "runbooks"},
                    std::vector<std::string>{SOURCE_DIR "/scripts"});
    invoker.emplace(loop, registry, system_clock(), ops::OperatorPolicy{});
    options.follow = [this](std::string_view source, plugin::FollowOptions how,
                            plugin::FollowEvents events) {
      return follow(source, std::move(how), std::move(events));
    };
    begin_anew();
  }

  // With the options as they are now: as another process.
  void begin_anew() {
    runner.reset();
    runner.emplace(loop, *store, registry, *invoker, secrets, *library, system_clock(), options);
  }

  ~RunsFixture() {
    runner.reset();
    invoker.reset();
    store.reset();
    loop.run();
    CHECK(Task::alive == tasks_before);
    std::filesystem::remove_all(folder);
  }

  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path file = folder / "runbooks" / (name + ".lua");
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  // A runbook whose run is `body`; `more` are further fields of the declaration.
  Result<std::string> start(const std::string& body, const std::string& more = "", bool dry = false,
                            const std::string& params = "{}") {
    const std::string name = "t" + std::to_string(++started_);
    const std::string allow =
        more.find("allow") == more.npos ? R"(allow = { "box:destroy", "state:change" },)" : "";
    write(name, "return runbook{ summary = \"A test.\", " + allow + more +
                    "\nrun = function(ctx)\n" + body + "\nend }\n");
    return runner->start(
        {.runbook = name,
         .params = params,
         .principal = "unix:test",
         .trigger = R"({"kind":"person"})",
         .dry_run = dry},
        [this, name](std::string_view entry) { watched.emplace_back(entry); },
        [this, name](Result<Outcome> outcome) {
          outcomes.emplace(name, std::move(outcome));
          last = &outcomes.at(name);
          if (runner->alive() == 0) loop.stop();
        });
  }

  Outcome run(const std::string& body, const std::string& more = "", bool dry = false,
              const std::string& params = "{}") {
    last = nullptr;
    const Result<std::string> id = start(body, more, dry, params);
    if (!id) FAIL(id.error().message + " / " + id.error().hint);
    loop.run();
    REQUIRE(last != nullptr);
    if (!*last) FAIL(last->error().message);
    return **last;
  }

  // The recorded entries of a run: each as "kind" or "kind op" for calls.
  std::vector<std::string> journal(const std::string& id) {
    store->flush();
    std::vector<std::string> kinds;
    const Result<JsonDocument> entries = read_json(journal_text(id));
    REQUIRE(entries);
    for (const JsonElement entry : simdjson::dom::array(entries->root())) {
      std::string kind(*json_string(entry, "t"));
      if (const auto op = json_string(entry, "op")) kind += " " + std::string(*op);
      kinds.push_back(kind);
    }
    return kinds;
  }

  std::string journal_text(const std::string& id) {
    Result<store::Database*> database = store->reader();
    REQUIRE(database);
    Result<store::RunRecord> record = store::find_run(**database, id);
    REQUIRE(record);
    return *store::read_journal(**database, *record);
  }

  const long tasks_before = Task::alive;  // another fixture's
  Loop loop;
  std::filesystem::path folder;
  ops::Registry registry;
  ops::Secrets secrets{{}};
  RunnerOptions options;
  FollowSource follow;  // where a test has event sources
  std::unique_ptr<store::Store> store;
  std::optional<ops::Invoker> invoker;
  std::optional<Library> library;
  std::optional<Runner> runner;

  std::vector<std::string> happened;  // "stop db": effects, in order
  std::map<std::string, int> done;    // effects by idempotency key
  std::set<std::string> repeatable;   // of these, the idempotent ones
  std::vector<std::string> watched;
  std::map<std::string, Result<Outcome>> outcomes;
  Result<Outcome>* last = nullptr;

 private:
  void declare(std::string name, ops::Effect effect, bool idempotent = false, bool probed = false) {
    ops::Operation op;
    op.name = name;
    op.summary = "Does it.";
    op.effect = effect;
    op.idempotent = idempotent;
    ops::Field id, delay, refuse;
    id.name = "id";
    id.type = ops::Type::string;
    delay.name = "delay";
    delay.type = ops::Type::duration;
    delay.fallback = "0";
    refuse.name = "refuse";
    refuse.type = ops::Type::string;
    op.params = {id, delay, refuse};
    op.target = "id";
    const std::string verb = name.substr(4);
    op.start = [this, verb](ops::CallInput input, Done answer_to) -> TaskPtr {
      const Result<JsonDocument> args = read_json(input.args);
      const std::string target(json_string(args->root(), "id").value_or("?"));
      if (verb != "get") happened.push_back(verb + " " + target);
      if (verb != "get") ++done[input.key];
      if (verb == "ensure") repeatable.insert(input.key);
      Result<std::string> answer = "{\"id\":\"" + target + "\",\"state\":\"running\"}";
      if (const auto code = json_string(args->root(), "refuse"))
        answer = fail(*code, "the box refused");
      const Millis after(json_integer(args->root(), "delay").value_or(0));
      return start_timer(loop, after,
                         [answer = std::move(answer), done = std::move(answer_to)]() mutable {
                           done(std::move(answer));
                         });
    };
    if (probed) {
      op.probe = [this](ops::CallInput input, Done answer_to) -> TaskPtr {
        const bool found = done.contains(input.key);
        const std::string target(json_string(read_json(input.args)->root(), "id").value_or("?"));
        return start_timer(loop, Millis(0), [found, target, done = std::move(answer_to)]() mutable {
          done(found ? R"({"done":true,"result":{"id":")" + target + R"(","state":"running"}})"
                     : std::string(R"({"done":false})"));
        });
      };
    }
    REQUIRE(registry.add(std::move(op)));
  }

  int started_ = 0;
};

}  // namespace engine::runs
