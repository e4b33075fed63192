#include "tests/support/lives.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/base/json_read.h"
#include "engine/loop/timer.h"
#include "engine/runs/state_operations.h"
#include "engine/store/journal.h"
#include "tests/support/catch.h"

namespace engine::test {

int World::times(const std::string& id) const {
  return static_cast<int>(std::ranges::count(happened, id));
}

Life::Life(World& given, std::string vfs) : world(given) {
  const std::string& folder = world.temporary.path();
  std::filesystem::create_directories(folder + "/runbooks");
  auto opened = store::Store::open(
      loop, {.folder = folder + "/state", .clock = &world.clock, .vfs = std::move(vfs)});
  INFO((opened ? "" : opened.error().message));
  REQUIRE(opened.has_value());
  store_ = std::move(*opened);
  REQUIRE(runs::add_state_operations(registry_, loop, store_.get(), world.clock));
  declare("add", ops::Effect::change, false, false);
  declare("make", ops::Effect::change, false, true);
  declare("keep", ops::Effect::change, true, false);
  declare("look", ops::Effect::read, true, false);
  library_.emplace(std::vector<std::string>{folder + "/runbooks"}, std::vector<std::string>{});
  invoker_.emplace(loop, registry_, world.clock, ops::OperatorPolicy{});
  runner_.emplace(loop, *store_, registry_, *invoker_, secrets_, *library_, world.clock,
                  runs::RunnerOptions{});
}

Life::~Life() {
  runner_.reset();
  invoker_.reset();
  store_.reset();
  loop.run();
}

void Life::declare(const std::string& verb, ops::Effect effect, bool idempotent, bool probed) {
  ops::Operation op;
  op.name = "world." + verb;
  op.summary = "Does it.";
  op.effect = effect;
  op.idempotent = idempotent;
  ops::Field id, delay;
  id.name = "id";
  id.type = ops::Type::string;
  delay.name = "delay";
  delay.type = ops::Type::duration;
  delay.fallback = "0";
  op.params = {id, delay};
  op.start = [this, effect](ops::CallInput input, Done done) -> TaskPtr {
    const Result<JsonDocument> args = read_json(input.args);
    const std::string target(json_string(args->root(), "id").value_or("?"));
    if (effect != ops::Effect::read) {
      world.happened.push_back(target);
      world.keys[input.key] = target;
      const std::function<void()> effect_of_test = world.effect;  // which it may replace
      effect_of_test();
    }
    const bool there = world.times(target) > 0;
    return start_timer(loop, Millis(json_integer(args->root(), "delay").value_or(0)),
                       [there, done = std::move(done)]() mutable {
                         done(there ? R"({"there":true})" : std::string(R"({"there":false})"));
                       });
  };
  if (probed) {
    op.probe = [this](ops::CallInput input, Done done) -> TaskPtr {
      const bool found = world.keys.contains(input.key);
      return start_timer(loop, Millis(0), [found, done = std::move(done)]() mutable {
        done(found ? R"({"done":true,"result":{"there":true}})" : std::string(R"({"done":false})"));
      });
    };
  }
  REQUIRE(registry_.add(std::move(op)));
}

std::string Life::start(const std::string& body) {
  std::ofstream(world.temporary.path() + "/runbooks/given.lua")
      << "return runbook{ summary = \"A test.\", allow = { \"world:change\", \"state:change\" },\n"
         "run = function(ctx)\n"
      << body << "\nend }\n";
  ended_.reset();
  const Result<std::string> id = runner_->start({.runbook = "given",
                                                 .params = "{}",
                                                 .principal = "unix:test",
                                                 .trigger = R"({"kind":"person"})"},
                                                {}, [this](Result<runs::Outcome> outcome) {
                                                  ended_ = std::move(outcome);
                                                  loop.stop();
                                                });
  if (!id) FAIL(id.error().message + " / " + id.error().hint);
  return *id;
}

Result<std::string> Life::try_resume(const runs::ResumeRequest& request) {
  ended_.reset();
  return runner_->resume(request, {}, [this](Result<runs::Outcome> outcome) {
    ended_ = std::move(outcome);
    loop.stop();
  });
}

std::optional<Result<runs::Outcome>> Life::wait() {
  loop.run();
  return std::exchange(ended_, std::nullopt);
}

runs::Outcome Life::run(const std::string& body) {
  start(body);
  const auto ended = wait();
  REQUIRE(ended.has_value());
  if (!*ended) FAIL((*ended).error().message);
  return **ended;
}

runs::Outcome Life::resume(ops::Call::Assumed assumed) {
  const Result<std::string> id =
      try_resume({.run = last_run().id, .principal = "unix:test", .assumed = assumed});
  if (!id) FAIL(id.error().message + " / " + id.error().hint);
  const auto ended = wait();
  REQUIRE(ended.has_value());
  if (!*ended) FAIL((*ended).error().message);
  return **ended;
}

store::RunRecord Life::last_run() {
  Result<store::Database*> database = store_->reader();
  REQUIRE(database);
  const auto runs = store::list_runs(**database, {.limit = 1});
  REQUIRE(runs.has_value());
  REQUIRE(runs->size() == 1);
  return runs->front();
}

std::string Life::journal() {
  const Result<std::string> text = store::read_journal(**store_->reader(), last_run());
  REQUIRE(text);
  return *text;
}

std::string Life::integrity() {
  auto check = (*store_->reader())->prepare("PRAGMA integrity_check");
  REQUIRE(check);
  REQUIRE(*check->step());
  return check->text(0);
}

}  // namespace engine::test
