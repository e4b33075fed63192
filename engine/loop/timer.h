// One delay: calls back once unless destroyed first.
#pragma once

#include "engine/loop/loop.h"

namespace engine {

TaskPtr start_timer(Loop& loop, Millis delay, Callback fired);
// Does not keep the loop running.
TaskPtr start_background_timer(Loop& loop, Millis delay, Callback fired);

}  // namespace engine
