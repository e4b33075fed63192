// How triggers start runs: the run's row and what a trigger notes about it are one commit.
#pragma once

#include <functional>
#include <string>

#include "engine/runs/runner.h"
#include "engine/store/store.h"

namespace engine::triggers {

// Runner::admit, or a test's own.
using Admit = std::function<void(runs::StartRequest request, store::Job beside,
                                 std::move_only_function<void(Result<std::string>)> admitted)>;

}  // namespace engine::triggers
