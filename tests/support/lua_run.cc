// The made-up world around a run.
#include "tests/support/lua_run.h"

#include <algorithm>
#include <cassert>

#include "engine/base/json_read.h"

namespace engine::tests {
namespace {

int64_t delay_of(std::string_view args) {
  const Result<JsonDocument> document = read_json(args);
  return document ? json_integer(document->root(), "delay").value_or(0) : 0;
}

// Notes when it is dropped before its end.
class Pending : public Task {
 public:
  Pending(FakeOutside& outside, std::string name) : outside_(outside), name_(std::move(name)) {}
  ~Pending() override {
    if (!ended) outside_.note("dropped " + name_);
  }
  bool ended = false;
  TaskPtr timer;

 private:
  FakeOutside& outside_;
  std::string name_;
};

}  // namespace

TaskPtr FakeOutside::call(const lua::Place& place, std::string_view operation, std::string args,
                          int step, const lua::Position& at, Done done) {
  note("call " + place.task + "#" + std::to_string(place.number) + " " + std::string(operation) +
       args + " step " + std::to_string(step) + " at " + at.source + ":" + std::to_string(at.line));
  auto pending = std::make_unique<Pending>(*this, std::string(operation) + args);
  Pending& it = *pending;
  const int64_t delay = delay_of(args);
  it.timer = start_timer(
      loop_, Millis(delay),
      [this, &it, name = std::string(operation), args = std::move(args),
       done = std::move(done)]() mutable {
        it.ended = true;
        const auto answer = answers.find(name);
        Done last = std::move(done);
        last(answer == answers.end() ? Result<std::string>(args) : answer->second(args));
      });
  return pending;
}

TaskPtr FakeOutside::wait(const lua::Place& place, int64_t delay_ms, std::string_view,
                          const lua::Position&, Done done) {
  if (show_waits) {
    note("wait " + place.task + "#" + std::to_string(place.number) + " " +
         std::to_string(delay_ms));
  }
  return start_timer(loop_, Millis(delay_ms), [done = std::move(done)]() mutable {
    Done last = std::move(done);
    last("null");
  });
}

void FakeOutside::step_opened(int id, int parent, std::string_view name, const lua::Position& at) {
  note("step " + std::to_string(id) + " in " + std::to_string(parent) + " " + std::string(name) +
       " at " + std::to_string(at.line));
}

void FakeOutside::step_closed(int id, const Error* error) {
  note("end " + std::to_string(id) + (error ? " " + error->code + ": " + error->message : ""));
}

void FakeOutside::retrying(int, int next, int attempts, int64_t delay_ms, const Error& error) {
  note("retry " + std::to_string(next) + "/" + std::to_string(attempts) + " after " +
       std::to_string(delay_ms) + " " + error.code);
}

void FakeOutside::log(std::string_view level, std::string_view message, std::string fields,
                      int step) {
  note(std::string(level) + " " + std::string(message) + " " + fields + " step " +
       std::to_string(step));
}

Result<lua::Outside::Module> FakeOutside::module(std::string_view name, std::string_view from) {
  const auto found = modules.find(name);
  if (found == modules.end()) {
    return fail(code::kNotFound,
                "no module named '" + std::string(name) + "' for " + std::string(from));
  }
  return Module{found->first + ".lua", found->second};
}

bool FakeOutside::saw(std::string_view event) const {
  return std::find(events.begin(), events.end(), event) != events.end();
}

LuaRun::LuaRun() {
  for (const char* name : {"box.item.get", "box.item.stop", "box.item.start", "box.fail"}) {
    ops::Operation operation;
    operation.name = name;
    operation.summary = "Answers its arguments.";
    operation.start = [](ops::CallInput, Done) { return TaskPtr(); };
    const Result<void> added = registry.add(std::move(operation));
    assert(added);
  }
  outside.answers["box.fail"] = [](std::string_view) {
    return Result<std::string>(fail(code::kNotFound, "there is no such box", "look elsewhere"));
  };
}

LuaRun::~LuaRun() { interpreter.reset(); }

Result<void> LuaRun::load(std::string_view text, std::string source) {
  interpreter.reset();
  Result<std::unique_ptr<lua::Interpreter>> made =
      lua::Interpreter::create(limits, registry, outside);
  if (!made) return fail(made.error());
  interpreter = std::move(*made);
  return interpreter->load(std::move(source), text);
}

std::string LuaRun::run(std::string_view body, std::string_view params) {
  const Result<void> loaded = load("return runbook { summary = 'A test.', run = function(ctx) " +
                                   std::string(body) + "\nend }");
  return loaded ? finish(params) : "load: " + loaded.error().message + "\n" + loaded.error().hint;
}

std::string LuaRun::finish(std::string_view params) {
  const std::unique_ptr<Loop::Hold> hold = loop.hold();
  interpreter->on_ready([this] { loop.wake(); });
  interpreter->start("run1", params, R"({"kind":"person"})", dry_run);
  loop.set_turn([this] {
    const lua::Turn turn = interpreter->turn(slice);
    ++turns;
    if (turn == lua::Turn::finished) loop.stop();
    return turn == lua::Turn::sliced;
  });
  loop.wake();
  loop.run();
  loop.set_turn([] { return false; });
  const auto& outcome = interpreter->outcome();
  return outcome ? *outcome : outcome.error().error.code + ": " + outcome.error().error.message;
}

}  // namespace engine::tests
