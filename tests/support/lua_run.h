// Runs Lua in a real interpreter on a real loop; only what lies outside of the run is made up.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/loop/loop.h"
#include "engine/loop/timer.h"
#include "engine/lua/interpreter.h"
#include "engine/lua/runbook.h"
#include "engine/ops/registry.h"

namespace engine::tests {

// Operations answer what `answers` says, after the milliseconds that the argument `delay` asks for.
// Everything that a script does is noted in `events`.
class FakeOutside : public lua::Outside {
 public:
  explicit FakeOutside(Loop& loop) : loop_(loop) {}

  TaskPtr call(const lua::Place& place, std::string_view operation, std::string args, int step,
               const lua::Position& at, Done done) override;
  TaskPtr wait(const lua::Place& place, int64_t delay_ms, std::string_view word,
               const lua::Position& at, Done done) override;
  void step_opened(int id, int parent, std::string_view name, const lua::Position& at) override;
  void step_closed(int id, const Error* error) override;
  void retrying(int step, int next, int attempts, int64_t delay_ms, const Error& error) override;
  void log(std::string_view level, std::string_view message, std::string fields, int step) override;
  void report(std::string json) override { note("report " + json); }
  int64_t now_ms() override { return now; }
  uint64_t random_seed() override { return 42; }
  Result<Module> module(std::string_view name, std::string_view from) override;

  void note(std::string event) { events.push_back(std::move(event)); }
  bool saw(std::string_view event) const;

  std::map<std::string, std::function<Result<std::string>(std::string_view args)>, std::less<>>
      answers;
  std::map<std::string, std::string, std::less<>> modules;
  std::vector<std::string> events;
  bool show_waits = false;
  int64_t now = 1'700'000'000'000;

 private:
  Loop& loop_;
};

struct LuaRun {
  LuaRun();
  ~LuaRun();

  // The whole file.
  Result<void> load(std::string_view text, std::string source = "test.lua");
  // The body of run(ctx), on the first line of "test.lua"; runs to its end. The result as JSON, or
  // "CODE: message".
  std::string run(std::string_view body, std::string_view params = "{}");
  // Runs what was loaded.
  std::string finish(std::string_view params = "{}");

  Loop loop;
  ops::Registry registry;
  FakeOutside outside{loop};
  lua::Limits limits;
  std::chrono::nanoseconds slice = std::chrono::milliseconds(1);
  int turns = 0;
  bool dry_run = false;
  std::unique_ptr<lua::Interpreter> interpreter;
};

}  // namespace engine::tests
