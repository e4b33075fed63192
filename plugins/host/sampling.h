// Rates need two looks with time between them; nobody waits on a thread for it.
#pragma once

#include <functional>

#include "engine/plugin/plugin.hpp"

namespace engine::host {

// Runs `first` on a worker thread, lets `interval` pass, and answers the call with what `second`
// gives on a worker thread. Without an interval `first` is left out.
void answer_after(const plugin::Call& call, Millis interval, std::move_only_function<void()> first,
                  std::move_only_function<Result<std::string>()> second);

}  // namespace engine::host
