// Queries on the tickets of locks.
#include "engine/store/tickets.h"

#include "engine/store/mail.h"

namespace engine::store {
namespace {

struct First {
  int64_t number = 0;
  std::string run, place;
  bool counts = false;
};

Result<std::optional<First>> first_of(Database& db, std::string_view lock, int64_t now_ms,
                                      const IsAlive& is_alive) {
  Result<Statement> query = db.prepare(
      "SELECT t.number, t.run, t.place, r.state, r.owner, ifnull(t.until > ?2, 1)"
      " FROM ticket t LEFT JOIN run r ON r.id = t.run WHERE t.lock = ?1"
      " ORDER BY t.number LIMIT 1");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(lock, now_ms).step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<First>();
  const std::string state = query->text(3);
  const bool goes_on = state == "waiting" || (state == "running" && is_alive(query->integer(4)));
  return std::optional(
      First{query->integer(0), query->text(1), query->text(2), goes_on && query->integer(5) != 0});
}

Result<void> remove(Database& db, int64_t number) {
  Result<Statement> query = db.prepare("DELETE FROM ticket WHERE number = ?");
  if (!query) return fail(query.error());
  return query->bind(number).run();
}

// From now on it holds the lock.
Result<void> begin_to_hold(Database& db, int64_t number, int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "UPDATE ticket SET until = ? + ttl WHERE number = ? AND ttl > 0 AND until IS NULL");
  if (!query) return fail(query.error());
  return query->bind(now_ms, number).run();
}

Result<void> insert(Database& db, const Ticket& ticket) {
  Result<Statement> query = db.prepare(
      "INSERT INTO ticket(lock, run, place, ttl) SELECT ?1, ?2, ?3, ?4"
      " WHERE NOT EXISTS(SELECT 1 FROM ticket WHERE run = ?2 AND place = ?3)");
  if (!query) return fail(query.error());
  return query->bind(ticket.lock, ticket.run, ticket.place, ticket.ttl_ms).run();
}

Result<std::vector<std::pair<int64_t, std::string>>> tickets_of(Database& db, std::string_view run,
                                                                std::string_view place) {
  Result<Statement> query =
      db.prepare("SELECT number, lock FROM ticket WHERE run = ?1 AND (?2 = '' OR place = ?2)");
  if (!query) return fail(query.error());
  query->bind(run, place);
  std::vector<std::pair<int64_t, std::string>> found;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return found;
    found.emplace_back(query->integer(0), query->text(1));
  }
}

// Where the first one stood behind `number`. Mail wakes it, and it finds out for itself whether the
// lock is its own.
Result<std::optional<Next>> wake_first(Database& db, std::string_view lock, int64_t number,
                                       int64_t now_ms) {
  Result<Statement> query = db.prepare(
      "SELECT t.run, t.place, r.owner, t.number FROM ticket t JOIN run r ON r.id = t.run WHERE "
      "t.lock = ?"
      " ORDER BY t.number LIMIT 1");
  if (!query) return fail(query.error());
  Result<bool> row = query->bind(lock).step();
  if (!row) return fail(row.error());
  if (!*row || query->integer(3) < number) return std::optional<Next>();
  const Next next{query->text(0), query->integer(2)};
  const Result<int64_t> sent =
      send_mail(db, {0, next.run, "lock", query->text(1), "null", "", now_ms});
  if (!sent) return fail(sent.error());
  return std::optional(next);
}

}  // namespace

Result<bool> draw_ticket(Database& db, const Ticket& ticket, int64_t now_ms,
                         const IsAlive& is_alive) {
  if (Result<void> drawn = insert(db, ticket); !drawn) return fail(drawn.error());
  for (;;) {
    Result<std::optional<First>> first = first_of(db, ticket.lock, now_ms, is_alive);
    if (!first) return fail(first.error());
    if (!*first) return false;
    if ((*first)->run == ticket.run && (*first)->place == ticket.place) {
      Result<void> held = begin_to_hold(db, (*first)->number, now_ms);
      return held ? Result<bool>(true) : fail(held.error());
    }
    if ((*first)->counts) return false;
    if (Result<void> removed = remove(db, (*first)->number); !removed) return fail(removed.error());
  }
}

Result<std::vector<Next>> return_tickets(Database& db, std::string_view run, std::string_view place,
                                         int64_t now_ms) {
  auto tickets = tickets_of(db, run, place);
  if (!tickets) return fail(tickets.error());
  std::vector<Next> woken;
  for (const auto& [number, lock] : *tickets) {
    if (Result<void> removed = remove(db, number); !removed) return fail(removed.error());
    Result<std::optional<Next>> next = wake_first(db, lock, number, now_ms);
    if (!next) return fail(next.error());
    if (*next) woken.push_back(std::move(**next));
  }
  return woken;
}

}  // namespace engine::store
