// Seats under a name that runs take across processes: of a lock there is one, of a runbook that
// bounds its runs so many. Who wants one draws a ticket, and the lowest tickets of a name have its
// seats. A ticket counts as long as its run goes on in a living process or is parked, and at
// most for its time to live once it has its seat.
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
  std::string lock;  // the name
  std::string run;
  std::string place;   // where the run asked for it
  int64_t ttl_ms = 0;  // 0: as long as it is held
  int64_t limit = 1;   // how many seats the name has
};

using IsAlive = std::function<bool(int64_t owner_epoch)>;

// Who holds a lock; nobody where nobody wants it.
struct Holder {
  std::string run, place;
  int64_t until_ms = 0;  // when its time to live is over; 0: as long as it holds it
};
Result<std::optional<Holder>> holder_of(Database& db, std::string_view lock);
// Whether the run has, or waits for, a lock.
Result<bool> wants_locks(Database& db, std::string_view run);
// Who stands before that ticket, the holder first; nobody where there is no such ticket.
Result<std::vector<std::string>> before_ticket(Database& db, std::string_view run,
                                               std::string_view place);

// Some other run, and the process that carries it: whose ticket is of the same name, or who was
// sent mail and is to be rung at.
struct Next {
  std::string run;
  int64_t owner = 0;
};
// Who drew before the run's ticket of that place and counts, at most `most` of them, in that order.
// `passed` gets the numbers of those that do not count any more.
Result<std::vector<Next>> ahead_of(Database& db, std::string_view run, std::string_view place,
                                   int64_t now_ms, const IsAlive& is_alive, int64_t most,
                                   std::vector<int64_t>* passed = nullptr);

// Draws the ticket, unless it was drawn before, and answers who has the seats that it would take:
// with nobody it has a seat now. Tickets before it that do not count are taken away.
Result<std::vector<Next>> draw_ticket(Database& db, const Ticket& ticket, int64_t now_ms,
                                      const IsAlive& is_alive);
// Gives back the run's ticket of that place, or, where the place is empty, all of them. Answers who
// is next, and has been sent mail about it.
Result<std::vector<Next>> return_tickets(Database& db, std::string_view run, std::string_view place,
                                         int64_t now_ms);

}  // namespace engine::store
