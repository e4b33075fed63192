// A task of a run: a Lua coroutine, what it waits for, and the only code that knows yield and
// resume.
#pragma once

#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/lua/binding.h"
#include "engine/lua/outside.h"
#include "engine/lua/scheduler.h"

namespace engine::lua {

class Group;

class Coroutine final : public Waiter {
 public:
  // `thread` holds a function and its arguments, and is kept alive by the caller. `step` is the
  // open step around it.
  Coroutine(Scheduler& scheduler, lua_State* thread, std::string path, int step);
  ~Coroutine();  // cancels what it waits for

  // Law 1: only this suspends, only its callback resumes. `what` names the function for errors.
  // `begin(self, done)` starts the work and answers its Task; it is not called where waiting is
  // refused.
  template <class Begin>
  static Result<int> await(lua_State* L, std::string_view what, Begin&& begin) {
    Result<Coroutine*> self = enter(L, what);
    if (!self) return fail(std::move(self.error()));
    (*self)->waiting_ = begin(**self, (*self)->scheduler_.done(**self));
    return kWait;
  }
  // The same for a group of tasks that this one waits for; it began already.
  static Result<Coroutine*> enter(lua_State* L, std::string_view what);
  // The wait that was just begun is that of a control word: the run is told when its answer is
  // taken.
  void notes_taking() { notes_taking_ = true; }
  void wait_for(std::unique_ptr<Group> group);
  Group* group() const { return group_.get(); }

  Place next_place() { return {path_, ++calls_, within}; }
  Place last_place() const { return {path_, calls_, within}; }
  int last_number() const { return calls_; }
  const std::string& path() const { return path_; }

  void resume();
  bool ended() const { return ended_; }
  bool failed() const { return failed_; }
  bool sliced() const { return sliced_; }
  lua_State* thread() const { return thread_; }

  // Raises `reason` where the task waits and wherever it waits later, except inside <close>
  // handlers.
  void cancel(const Error& reason);
  const std::optional<Error>& cancelled() const { return cancelled_; }
  // Ends it now: drops what it waits for, runs what is left of its <close> variables, which cannot
  // wait any more.
  void destroy();
  bool destroying() const { return destroying_; }

  void delivered(Result<std::string> result) override;
  void group_ended();

  int step = 0;                            // the innermost open step
  const ops::Operation* within = nullptr;  // the Lua plugin's operation whose function it runs
  int depth = 0;                           // of such functions, each within the next
  Group* parent = nullptr;                 // the group it is a member of; null for the main task

 private:
  friend int suspend(lua_State* L);
  static int after_wait(lua_State* L, int status, lua_KContext context);
  static int main(lua_State* L);
  static int finish(lua_State* L, int status, lua_KContext context);
  bool in_close() const;
  std::optional<Error> refusal(lua_State* L, std::string_view what);
  void drop_wait();
  void end(bool failed);

  Scheduler& scheduler_;
  lua_State* thread_;
  std::string path_;
  int calls_ = 0;
  int arguments_;
  bool started_ = false, suspended_ = false, ended_ = false, failed_ = false, sliced_ = false,
       destroying_ = false, notes_taking_ = false;
  std::optional<Error> cancelled_;
  TaskPtr waiting_;
  std::unique_ptr<Group> group_;
  std::optional<Result<std::string>> outcome_;  // what the wait brought, until Lua has taken it
};

void install_close_handlers(lua_State* L);
// The function at `index` is the __close of a metatable that is being set.
void note_close_handler(lua_State* L, int index);

}  // namespace engine::lua
