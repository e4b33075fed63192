// Yield and resume, and all that may happen between them.
#include "engine/lua/coroutine.h"

#include <cstring>

#include "engine/lua/errors.h"
#include "engine/lua/group.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

const char kCloseHandlers = 0;  // registry: functions that are __close of a metatable, weakly

// The C function that stands between a waiting call and the coroutine's resume; its name as the
// script called it.
std::string obstacle(lua_State* L) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame); ++level) {
    lua_getinfo(L, "nS", &frame);
    if (*frame.what != 'C') continue;
    if (frame.name && *frame.namewhat) return std::string("'") + frame.name + "'";
  }
  return "a function that Lua's own library calls";
}

// Whether the frame is a __close handler at work: called as one, or the handler of its own first
// argument. A handler without parameters leaves no argument to see, so that those are known from
// setmetatable.
bool closes(lua_State* L, lua_Debug& frame) {
  lua_getinfo(L, "nuf", &frame);  // function
  bool found = frame.name && std::strcmp(frame.namewhat, "metamethod") == 0 &&
               std::strcmp(frame.name, "close") == 0;
  if (!found && lua_getlocal(L, &frame, frame.nparams == 0 && frame.isvararg ? -1 : 1)) {
    if (luaL_getmetafield(L, -1, "__close") != LUA_TNIL) {
      found = lua_rawequal(L, -1, -3);  // function object handler
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  if (!found && frame.nparams == 0 && !frame.isvararg) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kCloseHandlers);
    lua_pushvalue(L, -2);
    found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  return found;
}

}  // namespace

Coroutine::Coroutine(Scheduler& scheduler, lua_State* thread, std::string path, int step)
    : step(step),
      scheduler_(scheduler),
      thread_(thread),
      path_(std::move(path)),
      arguments_(lua_gettop(thread)) {
  owner(thread) = this;
  lua_pushcfunction(thread, main);
  lua_insert(thread, 1);
  ++scheduler.tasks;
}

Coroutine::~Coroutine() {
  group_.reset();
  drop_wait();
  scheduler_.forget(*this);
  owner(thread_) = nullptr;
  --scheduler_.tasks;
}

void Coroutine::drop_wait() {
  notes_taking_ = false;
  waiting_.reset();
  scheduler_.forget(static_cast<const Waiter&>(*this));
}

std::optional<Error> Coroutine::refusal(lua_State* L, std::string_view what) {
  const State& run = scheduler_.state();
  const std::string name(what);
  if (run.fatal) return *run.fatal;
  if (run.loading) {
    return Error(code::kInvalidArgument,
                 name + " waits, and cannot be called at the top level of a runbook",
                 "call it inside run");
  }
  if (destroying_)
    return Error(code::kCancelled,
                 name + " cannot be called any more: the time for closing is over");
  if (!lua_isyieldable(L)) {
    const Position at = engine::lua::where(L);
    return Error(code::kInvalidArgument,
                 name + " waits, and cannot be called inside " + obstacle(L) + " (" + at.source +
                     ":" + std::to_string(at.line) + ")",
                 "collect the values first, then call " + name + " in a loop");
  }
  if (!cancelled_) return std::nullopt;
  if (!in_close()) return cancelled_;
  if (parent) parent->start_grace();
  return std::nullopt;
}

Result<Coroutine*> Coroutine::enter(lua_State* L, std::string_view what) {
  Coroutine* self = owner(L);
  if (!self)
    return fail(code::kInvalidArgument,
                std::string(what) + " waits, and cannot be called outside of a run");
  if (std::optional<Error> refused = self->refusal(L, what)) return fail(std::move(*refused));
  self->outcome_.reset();
  return self;
}

void Coroutine::wait_for(std::unique_ptr<Group> group) { group_ = std::move(group); }

int suspend(lua_State* L) {
  owner(L)->suspended_ = true;
  return lua_yieldk(L, 0, 0, Coroutine::after_wait);
}

int Coroutine::after_wait(lua_State* L, int, lua_KContext) {
  Coroutine& self = *engine::lua::owner(L);
  if (self.group_) return Group::finish(L, self.group_);
  State& run = state(L);
  {
    Result<std::string>& outcome = *self.outcome_;
    if (outcome && *outcome == "null") {
      lua_pushnil(L);  // an answer that there is nothing; json.null stands within values alone
      return 1;
    }
    Result<void> pushed =
        outcome ? push_json(L, *outcome, Dialect::wire) : fail(std::move(outcome.error()));
    if (pushed) {
      self.outcome_.reset();  // the script has it now, and may keep it
      return 1;
    }
    run.pending = std::move(pushed.error());
  }
  return raise_pending(L);
}

int Coroutine::main(lua_State* L) {
  const int arguments = lua_gettop(L) - 1;
  lua_pushcfunction(L, on_error);
  lua_insert(L, 1);
  return finish(L, lua_pcallk(L, arguments, 1, 1, 0, finish), 0);
}

int Coroutine::finish(lua_State* L, int status, lua_KContext) {
  if (status == LUA_ERRMEM) out_of_memory(state(L));
  lua_pushboolean(L, status == LUA_OK || status == LUA_YIELD);
  lua_insert(L, -2);
  return 2;
}

void Coroutine::resume() {
  if (!started_ && cancelled_) return end(true);
  const int arguments = started_ ? 0 : arguments_;
  started_ = true;
  suspended_ = false;
  State& run = scheduler_.state();
  run.running = thread_;
  int results = 0;
  const int status = lua_resume(thread_, nullptr, arguments, &results);
  run.running = nullptr;
  if (status == LUA_YIELD) {
    sliced_ = !suspended_;  // else the count hook cut it
    return;
  }
  if (status == LUA_ERRMEM) out_of_memory(run);
  end(status != LUA_OK || !lua_toboolean(thread_, -2));
}

void Coroutine::end(bool failed) {
  ended_ = true;
  failed_ = failed;
  sliced_ = false;
}

void Coroutine::delivered(Result<std::string> result) {
  if (std::exchange(notes_taking_, false)) scheduler_.state().outside.taken(path_, calls_);
  waiting_.reset();  // whatever it still ran is gone before the coroutine wakes
  outcome_ = std::move(result);
  scheduler_.ready(*this);
}

void Coroutine::group_ended() { scheduler_.ready(*this); }

void install_close_handlers(lua_State* L) {
  lua_createtable(L, 0, 4);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kCloseHandlers);
}

void note_close_handler(lua_State* L, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kCloseHandlers);
  lua_pushvalue(L, index);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

bool Coroutine::in_close() const {
  lua_Debug frame;
  for (int level = 0; lua_getstack(thread_, level, &frame); ++level) {
    if (!lua_checkstack(thread_, 6)) return false;
    if (closes(thread_, frame)) return true;
  }
  return false;
}

void Coroutine::cancel(const Error& reason) {
  if (ended_ || cancelled_) return;
  cancelled_ = reason;
  if (!started_ || (!waiting_ && !group_) || in_close()) return;
  if (group_) return group_->cancel(reason);
  const int doubts = scheduler_.state().outside.doubts();
  drop_wait();
  Error told = reason;
  told.outcome_unknown = told.outcome_unknown || scheduler_.state().outside.doubts() > doubts;
  outcome_ = fail(std::move(told));
  scheduler_.ready(*this);
}

void Coroutine::destroy() {
  if (ended_ || destroying_) return;
  destroying_ = true;
  if (!cancelled_) cancelled_.emplace(code::kCancelled, "the task was ended");
  if (group_) group_->destroy();
  group_.reset();
  drop_wait();
  scheduler_.forget(*this);
  if (started_) {
    scheduler_.state().running = thread_;
    lua_resetthread(thread_);
    scheduler_.state().running = nullptr;
  }
  end(true);
}

}  // namespace engine::lua
