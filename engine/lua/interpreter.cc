// One run's interpreter: loads a runbook, runs its main task in turns, and says how it ended.
#include "engine/lua/interpreter.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/group.h"
#include "engine/lua/runbook.h"
#include "engine/lua/runbook_words.h"
#include "engine/lua/scheduler.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

constexpr Millis kLoadCpu{2000};  // a runbook's top level only declares
constexpr std::chrono::milliseconds kLoadSlice{10};
const char kMainThread = 0;  // registry: keeps the main task's thread

class Host final : public Interpreter, private Waiter {
 public:
  explicit Host(std::unique_ptr<State> state) : state_(std::move(state)), scheduler_(*state_) {
    state_->scheduler = &scheduler_;
  }
  ~Host() override {
    grace_.reset();
    main_.reset();
  }

  Result<void> load(std::string source, std::string_view text) override;
  const RunbookInfo& info() const override { return info_; }
  Result<std::string> declare(std::string source, std::string_view text) override;
  void start(std::string_view id, std::string_view params, std::string_view trigger, bool dry_run,
             int64_t deadline_ms) override;
  Turn turn(std::chrono::nanoseconds slice) override;
  void on_ready(std::function<void()> fn) override { scheduler_.on_ready = std::move(fn); }
  void cancel(Error reason) override;
  const std::expected<std::string, Failure>& outcome() const override { return outcome_; }
  int waiting() const override { return scheduler_.tasks - scheduler_.groups; }
  size_t memory_bytes() const override { return state_->arena.used(); }
  std::chrono::nanoseconds cpu_used() const override { return state_->cpu_used; }

 private:
  struct Beginning {  // what a protected function needs to make the main thread
    Host* host;
    std::string_view source, text;         // load
    std::string_view id, params, trigger;  // start
    bool dry_run;
    int64_t deadline_ms;
    lua_State* thread;
    std::string fault;
  };
  static int compile(lua_State* L);
  static int make_context(lua_State* L);
  static int write_declaration(lua_State* L);
  Result<void> run_file(const std::string& source, std::string_view text);
  void delivered(Result<std::string> result) override;
  Result<void> run_top_level();
  void finish();
  Failure failure();
  void close_steps(const Error& reason);

  std::unique_ptr<State> state_;
  Scheduler scheduler_;
  std::unique_ptr<Coroutine> main_;
  RunbookInfo info_;
  std::optional<Error> cancelled_;
  bool killed_ = false, finished_ = false;
  TaskPtr grace_;
  std::expected<std::string, Failure> outcome_ = "null";
};

lua_State* make_thread(lua_State* L) {
  lua_State* thread = lua_newthread(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMainThread);
  return thread;
}

int Host::compile(lua_State* L) {
  auto& beginning = *static_cast<Beginning*>(lua_touserdata(L, 1));
  beginning.thread = make_thread(L);
  lua_State* thread = beginning.thread;
  std::string& name = beginning.host->state_->scratch;
  name.assign("@").append(beginning.source);
  if (luaL_loadbufferx(thread, beginning.text.data(), beginning.text.size(), name.c_str(), "t") !=
      LUA_OK) {
    beginning.fault = lua_tostring(thread, -1);
  }
  return 0;
}

// Pushes the JSON value as the field of the table on top.
void set_json(lua_State* L, const char* name, std::string_view json) {
  if (!push_json(L, json.empty() ? "{}" : json, Dialect::wire)) lua_newtable(L);
  lua_setfield(L, -2, name);
}

int Host::make_context(lua_State* L) {
  auto& beginning = *static_cast<Beginning*>(lua_touserdata(L, 1));
  beginning.thread = make_thread(L);
  push_run(L);
  lua_createtable(L, 0, 5);
  lua_pushlstring(L, beginning.id.data(), beginning.id.size());
  lua_setfield(L, -2, "id");
  set_json(L, "params", beginning.params);
  set_json(L, "trigger", beginning.trigger);
  lua_pushboolean(L, beginning.dry_run);
  lua_setfield(L, -2, "dry_run");
  if (beginning.deadline_ms > 0) {
    lua_pushinteger(L, beginning.deadline_ms);
    lua_setfield(L, -2, "deadline");
  }
  lua_xmove(L, beginning.thread, 2);
  return 0;
}

Result<void> Host::run_file(const std::string& source, std::string_view text) {
  state_->sources.insert_or_assign(source, std::string(text));
  Beginning beginning{};
  beginning.host = this;
  beginning.source = source;
  beginning.text = text;
  if (!protect(*state_, compile, &beginning)) return fail(*state_->fatal);
  if (!beginning.fault.empty()) {
    const SplitMessage parts = split_message(beginning.fault);
    const std::vector<std::string_view> lines = split(text, '\n');
    const auto line = static_cast<size_t>(std::max(parts.at.line, 1));
    const int column = line <= lines.size() ? column_of(lines[line - 1], parts.message) : 1;
    return fail(
        code::kInvalidArgument,
        source + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + parts.message,
        excerpt(text, static_cast<int>(line), parts.message));
  }
  main_ = std::make_unique<Coroutine>(scheduler_, beginning.thread, "", 0);
  return run_top_level();
}

Result<void> Host::load(std::string source, std::string_view text) {
  if (Result<void> ran = run_file(source, text); !ran) return ran;
  const bool declared = is_runbook(main_->thread(), -1);
  main_.reset();
  if (!declared) {
    return fail(code::kInvalidArgument, source + ": the file does not return a runbook",
                "end it with return runbook { summary = \"...\", run = function(ctx) ... end }");
  }
  Result<RunbookInfo> info = read_runbook(*state_);
  if (!info) return fail(std::move(info.error()));
  info_ = std::move(*info);
  return {};
}

// Pushes a copy of the table at `index` in which functions are `true`.
void copy_data(lua_State* L, int index, int depth) {
  constexpr int kDepthMax = 16;  // deeper than any declaration: a table that holds itself
  luaL_checkstack(L, 6, nullptr);
  index = lua_absindex(L, index);
  lua_newtable(L);
  lua_pushnil(L);
  while (depth < kDepthMax && lua_next(L, index)) {  // copy key value
    if (lua_isfunction(L, -1)) {
      lua_pushboolean(L, 1);
      lua_replace(L, -2);
    } else if (lua_istable(L, -1)) {
      copy_data(L, -1, depth + 1);
      lua_replace(L, -2);
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

int Host::write_declaration(lua_State* L) {
  auto& beginning = *static_cast<Beginning*>(lua_touserdata(L, 1));
  lua_xmove(beginning.thread, L, 1);
  if (!lua_istable(L, -1)) {
    beginning.fault = "the file does not return a table";
    return 0;
  }
  copy_data(L, -1, 0);
  Result<void> written =
      write_json(L, -1, beginning.host->state_->scratch, Dialect::declaration, true);
  if (!written) beginning.fault = std::move(written.error().message);
  return 0;
}

Result<std::string> Host::declare(std::string source, std::string_view text) {
  if (Result<void> ran = run_file(source, text); !ran) return fail(std::move(ran.error()));
  Beginning beginning{};
  beginning.host = this;
  beginning.thread = main_->thread();
  state_->scratch.clear();
  const bool enough = protect(*state_, write_declaration, &beginning);
  main_.reset();
  if (!enough) return fail(*state_->fatal);
  if (beginning.fault.empty()) return std::move(state_->scratch);
  return fail(code::kInvalidArgument, source + ": " + beginning.fault,
              "a declaration is made of text, numbers, lists, tables with names, and functions");
}

Result<void> Host::run_top_level() {
  state_->loading = true;
  state_->cpu_limit = std::min(kLoadCpu, state_->limits.cpu);
  scheduler_.ready(*main_);
  while (scheduler_.run(kLoadSlice, *main_) == Turn::sliced) {
  }
  state_->cpu_limit = state_->limits.cpu;
  if (!state_->fatal && !main_->failed()) {
    state_->loading = false;
    return {};
  }
  const Failure failed = failure();
  main_.reset();
  state_->loading = false;
  Error error = failed.error;
  const bool placed = split_message(error.message).at.line > 0;
  if (!failed.traceback.empty() && !placed) {
    const Position& at = failed.traceback.front().at;
    error.message = at.source + ":" + std::to_string(at.line) + ": " + error.message;
  }
  if (!failed.excerpt.empty())
    error.hint = error.hint.empty() ? failed.excerpt : error.hint + "\n" + failed.excerpt;
  if (error.code == code::kFailed) error.code = code::kInvalidArgument;
  return fail(std::move(error));
}

void Host::start(std::string_view id, std::string_view params, std::string_view trigger,
                 bool dry_run, int64_t deadline_ms) {
  Beginning beginning{};
  beginning.host = this;
  beginning.id = id;
  beginning.params = params;
  beginning.trigger = trigger;
  beginning.dry_run = dry_run;
  beginning.deadline_ms = deadline_ms;
  if (!protect(*state_, make_context, &beginning)) return;  // the first turn ends the run
  main_ = std::make_unique<Coroutine>(scheduler_, beginning.thread, "", 0);
  scheduler_.ready(*main_);
}

Turn Host::turn(std::chrono::nanoseconds slice) {
  if (finished_) return Turn::finished;
  const Turn turn = killed_ || !main_ ? Turn::finished : scheduler_.run(slice, *main_);
  if (turn == Turn::finished) finish();
  return turn;
}

// The first cancel is a delivery like any other, so that a replay takes it at the same point.
void Host::cancel(Error reason) {
  if (finished_) return;
  if (cancelled_) {
    killed_ = true;
    if (scheduler_.on_ready) scheduler_.on_ready();
    return;
  }
  cancelled_ = std::move(reason);
  grace_ = state_->outside.deadline({"", 0}, state_->limits.close_grace.count(),
                                    [this](Result<std::string>) {
                                      grace_.reset();
                                      killed_ = true;
                                      if (scheduler_.on_ready) scheduler_.on_ready();
                                    });
  scheduler_.deliver(*this, "null");
}

void Host::delivered(Result<std::string>) {
  if (main_) main_->cancel(*cancelled_);
}

void Host::close_steps(const Error& reason) {
  while (!state_->open_steps.empty()) {
    state_->outside.step_closed(state_->open_steps.back(), &reason);
    state_->open_steps.pop_back();
  }
}

Failure Host::failure() {
  Failure failed{Error(code::kFailed, ""), {}, {}};
  if (state_->fatal) {
    failed.error = *state_->fatal;
    failed.traceback = parse_traceback(state_->fatal_traceback);
  } else if (main_ && main_->ended() && main_->failed() && lua_gettop(main_->thread()) > 0) {
    failed = take_failure(*state_, main_->thread());
  }
  if (cancelled_ && !state_->fatal) {
    const bool unknown = failed.error.outcome_unknown;
    failed.error = *cancelled_;
    failed.error.outcome_unknown = failed.error.outcome_unknown || unknown;
  }
  if (!failed.traceback.empty()) {
    const Position& at = failed.traceback.front().at;
    const auto source = state_->sources.find(at.source);
    if (source != state_->sources.end())
      failed.excerpt = excerpt(source->second, at.line, failed.error.message);
  }
  return failed;
}

void Host::finish() {
  finished_ = true;
  grace_.reset();
  scheduler_.forget(static_cast<const Waiter&>(*this));
  if (cancelled_ || state_->fatal || !main_ || main_->failed()) {
    Failure failed = failure();
    main_.reset();
    close_steps(failed.error);
    outcome_ = std::unexpected(std::move(failed));
    return;
  }
  std::string json;
  Result<void> written = write_json(main_->thread(), -1, json, Dialect::wire);
  main_.reset();
  if (written) {
    outcome_ = std::move(json);
  } else {
    outcome_ = std::unexpected(Failure{
        Error(written.error().code, "what run returned cannot be kept: " + written.error().message,
              written.error().hint),
        {},
        {}});
  }
}

}  // namespace

Result<std::unique_ptr<Interpreter>> Interpreter::create(const Limits& limits,
                                                         ops::Registry& registry,
                                                         Outside& outside) {
  Result<std::unique_ptr<State>> state = make_state(limits, registry, outside);
  if (!state) return fail(std::move(state.error()));
  return std::make_unique<Host>(std::move(*state));
}

}  // namespace engine::lua
