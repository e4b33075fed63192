// How triggers start runs: the run's row and what a trigger notes about it are one commit.
#pragma once

#include <functional>
#include <string>

#include "engine/runs/runner.h"
#include "engine/store/store.h"

namespace engine::triggers {

// Runner::admit, or a test's own.
using Admit =
    std::function<void(runs::StartRequest request, store::Job beside, runs::Admitted admitted)>;

}  // namespace engine::triggers
