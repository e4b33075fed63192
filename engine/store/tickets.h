// Locks by name, across runs and processes: who wants one draws a ticket, and the lowest ticket of
// a name holds it. A ticket counts as long as its run goes on in a living process or is parked, and
// at most for its time to live once it holds the lock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/store/database.h"

namespace engine::store {

struct Ticket {
  std::string lock;
  std::string run;
  std::string place;   // where the run asked for it
  int64_t ttl_ms = 0;  // 0: as long as it is held
};

using IsAlive = std::function<bool(int64_t owner_epoch)>;

// Draws the ticket, unless it was drawn before, and answers whether it holds the lock now.
Result<bool> draw_ticket(Database& db, const Ticket& ticket, int64_t now_ms,
                         const IsAlive& is_alive);
// A run that was sent mail, and the process to ring: who is next after a ticket was given back.
struct Next {
  std::string run;
  int64_t owner = 0;
};
// Gives back the run's ticket of that place, or, where the place is empty, all of them.
Result<std::vector<Next>> return_tickets(Database& db, std::string_view run, std::string_view place,
                                         int64_t now_ms);

}  // namespace engine::store
