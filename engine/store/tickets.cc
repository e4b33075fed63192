// Queries on tickets.
#include "engine/store/tickets.h"

#include "engine/store/mail.h"

namespace engine::store {
namespace {

Result<void> remove(Database& db, int64_t number) {
  Result<Statement> query = db.prepare("DELETE FROM ticket WHERE number = ?");
  if (!query) return fail(query.error());
  return query->bind(number).run();
}

// From now on it has its seat.
Result<void> begin_to_hold(Database& db, const Ticket& ticket, int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "UPDATE ticket SET until = ? + ttl WHERE run = ? AND place = ? AND ttl > 0 AND until IS"
      " NULL");
  if (!query) return fail(query.error());
  return query->bind(now_ms, ticket.run, ticket.place).run();
}

Result<void> insert(Database& db, const Ticket& ticket) {
  Result<Statement> query = db.prepare(
      "INSERT INTO ticket(lock, run, place, ttl, seats) SELECT ?1, ?2, ?3, ?4, ?5"
      " WHERE NOT EXISTS(SELECT 1 FROM ticket WHERE run = ?2 AND place = ?3)");
  if (!query) return fail(query.error());
  return query->bind(ticket.lock, ticket.run, ticket.place, ticket.ttl_ms, ticket.limit).run();
}

struct Drawn {
  int64_t number = 0;
  std::string lock;
  int64_t limit = 1;
};

Result<std::vector<Drawn>> tickets_of(Database& db, std::string_view run, std::string_view place) {
  Result<Statement> query = db.prepare(
      "SELECT number, lock, seats FROM ticket WHERE run = ?1 AND (?2 = '' OR place = ?2)");
  if (!query) return fail(query.error());
  query->bind(run, place);
  std::vector<Drawn> found;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return found;
    found.push_back({query->integer(0), query->text(1), query->integer(2)});
  }
}

// Where one behind the ticket that was given back has its seat for it. Mail wakes it, and it finds
// out for itself whether it has one.
Result<std::optional<Next>> wake_next(Database& db, const Drawn& returned, int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "SELECT t.run, t.place, r.owner, t.number FROM ticket t JOIN run r ON r.id = t.run"
      " WHERE t.lock = ? AND r.state IN ('running', 'waiting') AND ifnull(t.until > ?, 1)"
      " ORDER BY t.number LIMIT 1 OFFSET ?");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(returned.lock, now_ms, returned.limit - 1).step();
  if (!row) return fail(row.error());
  if (!*row || query->integer(3) < returned.number) return std::optional<Next>();
  const Next next{query->text(0), query->integer(2)};
  const Result<int64_t> sent =
      send_mail(db, {0, next.run, "lock", query->text(1), "null", "", now_ms});
  if (!sent) return fail(sent.error());
  return std::optional(next);
}

}  // namespace

Result<std::vector<Next>> ahead_of(Database& db, std::string_view run, std::string_view place,
                                   int64_t now_ms, const IsAlive& is_alive, int64_t most,
                                   std::vector<int64_t>* passed) {
  Result<Statement> query = db.prepare(
      "SELECT t.number, t.run, r.owner, ifnull(t.until > ?3, 1), r.state"
      " FROM ticket own JOIN ticket t ON t.lock = own.lock AND t.number < own.number"
      " LEFT JOIN run r ON r.id = t.run"
      " WHERE own.run = ?1 AND own.place = ?2 ORDER BY t.number");
  if (!query) return fail(query.error());
  query->bind(run, place, now_ms);
  std::vector<Next> others;
  while (static_cast<int64_t>(others.size()) < most) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    const std::string_view state = query->view(4);
    const bool goes_on = state == "waiting" || (state == "running" && is_alive(query->integer(2)));
    if (goes_on && query->integer(3) != 0) {
      others.push_back({query->text(1), query->integer(2)});
    } else if (passed) {
      passed->push_back(query->integer(0));
    }
  }
  return others;
}

Result<std::vector<Next>> draw_ticket(Database& db, const Ticket& ticket, int64_t now_ms,
                                      const IsAlive& is_alive) {
  if (Result<void> drawn = insert(db, ticket); !drawn) return fail(drawn.error());
  std::vector<int64_t> passed;
  Result<std::vector<Next>> others =
      ahead_of(db, ticket.run, ticket.place, now_ms, is_alive, ticket.limit, &passed);
  if (!others) return others;
  for (const int64_t number : passed) {
    if (Result<void> removed = remove(db, number); !removed) return fail(removed.error());
  }
  if (static_cast<int64_t>(others->size()) == ticket.limit) return others;
  if (Result<void> held = begin_to_hold(db, ticket, now_ms); !held) return fail(held.error());
  return std::vector<Next>();
}

Result<std::optional<Holder>> holder_of(Database& db, std::string_view lock) {
  Result<Statement> query = db.prepare(
      "SELECT run, place, ifnull(until, 0) FROM ticket WHERE lock = ? ORDER BY number LIMIT 1");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(lock).step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Holder>();
  return std::optional(Holder{query->text(0), query->text(1), query->integer(2)});
}

Result<bool> wants_locks(Database& db, std::string_view run) {
  Result<Statement> query = db.prepare("SELECT 1 FROM ticket WHERE run = ? AND place <> ? LIMIT 1");
  if (!query) return fail(query.error());
  return query->bind(run, kQueue).step();
}

Result<std::vector<std::string>> before_ticket(Database& db, std::string_view run,
                                               std::string_view place) {
  Result<Statement> query = db.prepare(
      "SELECT b.run FROM ticket t JOIN ticket b ON b.lock = t.lock AND b.number < t.number"
      " WHERE t.run = ? AND t.place = ? ORDER BY b.number");
  if (!query) return fail(query.error());
  query->bind(run, place);
  std::vector<std::string> found;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return found;
    found.push_back(query->text(0));
  }
}

Result<std::vector<Next>> return_tickets(Database& db, std::string_view run, std::string_view place,
                                         int64_t now_ms) {
  Result<std::vector<Drawn>> tickets = tickets_of(db, run, place);
  if (!tickets) return fail(tickets.error());
  std::vector<Next> woken;
  for (const Drawn& ticket : *tickets) {
    if (Result<void> removed = remove(db, ticket.number); !removed) return fail(removed.error());
    Result<std::optional<Next>> next = wake_next(db, ticket, now_ms);
    if (!next) return fail(next.error());
    if (*next) woken.push_back(std::move(**next));
  }
  return woken;
}

}  // namespace engine::store
