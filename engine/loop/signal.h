// A signal of the process, delivered on the loop.
#pragma once

#include "engine/loop/loop.h"

namespace engine {

// Calls `received` each time signal `number` arrives, until the Task is destroyed, which `received`
// itself must not do. It does not keep the loop running.
TaskPtr watch_signal(Loop& loop, int number, std::move_only_function<void()> received);

}  // namespace engine
