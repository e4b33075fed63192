// `state`: a runbook's own durable key/value. Changes commit with the journal's record of them:
// exactly once.
#pragma once

#include <functional>
#include <memory>

#include "engine/base/clock.h"
#include "engine/loop/loop.h"
#include "engine/ops/registry.h"
#include "engine/store/store.h"

namespace engine::runs {

// Adds state.get, state.set, state.compare_and_set, state.remove and state.list. All arguments
// outlive the registry. A dry run works on an overlay of its own, which dies with the registry.
// As long as there is no store they are declared, for help and for checks, and must not be called.
using StoreNow = std::function<store::Store*()>;
Result<void> add_state_operations(ops::Registry& registry, Loop& loop, StoreNow store,
                                  const Clock& clock);

}  // namespace engine::runs
