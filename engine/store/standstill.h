// Whether a run that stands in the queue of its runbook would stand there for ever.
#pragma once

#include <string_view>

#include "engine/store/tickets.h"

namespace engine::store {

// Runs wait for their children, and children may have to wait for runs of their own runbook. A
// child waits for ever where so many of those before it wait, directly or through others, for a
// child that waits for ever, that no seat is left for it.
Result<bool> waits_for_ever(Database& db, std::string_view run, std::string_view place,
                            const IsAlive& is_alive);

}  // namespace engine::store
