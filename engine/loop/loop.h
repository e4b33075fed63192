// The one libuv loop of the process, and the two ways to have something run on it.
#pragma once

#include <functional>
#include <memory>

#include "engine/base/units.h"
#include "engine/loop/task.h"

struct uv_loop_s;

namespace engine {

using Callback = std::move_only_function<void()>;

class Loop {
 public:
  Loop();
  // Drops what was deferred or posted, waits for held work (children being reaped, worker threads),
  // and asserts that nothing of ours is left open.
  ~Loop();

  uv_loop_s* uv();

  // Runs until stop() is called or nothing is left that could happen.
  void run();
  void stop();
  // Runs what was deferred, and waits for what is under way on worker threads: for an owner whose
  // callbacks must not outlive it.
  void settle();

  // Runs `fn` on the loop's thread, after the current turn. Loop's thread only; cheap (no handle,
  // no system call).
  void defer(Callback fn);
  // Same, from any thread; the only thread-safe function we have. Wakes the loop. Posted work keeps
  // a running loop alive only together with a hold().
  void post(Callback fn);
  // While any hold is alive, run() does not return for lack of work (somebody promised to post).
  class Hold;
  std::unique_ptr<Hold> hold();

  // Runs `fn` every time the loop has polled for input, while it returns true it is called again
  // without blocking in the poll: this is where ready runs get their turns.
  void set_turn(std::move_only_function<bool()> fn);
  // Makes the next poll not block, so that the turn function runs soon. Loop's thread only.
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Loop::Hold {
 public:
  explicit Hold(Impl& impl);
  ~Hold();
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  Impl& impl_;
};

}  // namespace engine
