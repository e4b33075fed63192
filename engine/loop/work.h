// Blocking work on libuv's thread pool.
#pragma once

#include "engine/loop/loop.h"

namespace engine {

// Runs `work` on a pool thread, then `finished` on the loop. Destroying the Task drops `finished`,
// and `work` too if it has not begun; once begun it runs to its end and owns everything it
// captured.
TaskPtr start_work(Loop& loop, Callback work, Callback finished);

}  // namespace engine
