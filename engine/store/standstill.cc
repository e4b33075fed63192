// All who queue are taken to wait for ever; who finds a seat does not, and so on until nobody does
// any more.
#include "engine/store/standstill.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace engine::store {
namespace {

struct Standing {
  std::string run;
  std::vector<std::string> ancestors;  // who wait for it
  bool queues = false;
};

struct Row {  // before one name
  int64_t seats = 1;
  std::vector<Standing> standing;  // in the order of their tickets
};

using Rows = std::map<std::string, Row>;

Result<std::vector<std::string>> ancestors_of(Database& db, int64_t parent) {
  std::vector<std::string> found;
  while (parent != 0) {
    Result<Statement> query = db.prepare("SELECT id, ifnull(parent, 0) FROM run WHERE key = ?");
    if (!query) return fail(query.error());
    Result<bool> row = query->bind(parent).step();
    if (!row) return fail(row.error());
    if (!*row) break;
    found.push_back(query->text(0));
    parent = query->integer(1);
  }
  return found;
}

Result<Rows> rows_of(Database& db, std::string_view place, const IsAlive& is_alive) {
  Result<Statement> query = db.prepare(
      "SELECT t.lock, t.seats, t.run, r.state, r.owner, ifnull(r.parent, 0) FROM ticket t"
      " JOIN run r ON r.id = t.run WHERE t.place = ? ORDER BY t.number");
  if (!query) return fail(query.error());
  query->bind(place);
  Rows rows;
  for (;;) {
    Result<bool> more = query->step();
    if (!more) return fail(more.error());
    if (!*more) return rows;
    const std::string_view state = query->view(3);
    if (state != "waiting" && (state != "running" || !is_alive(query->integer(4)))) continue;
    Row& row = rows[query->text(0)];
    row.seats = query->integer(1);
    Standing standing{query->text(2), {}, static_cast<int64_t>(row.standing.size()) >= row.seats};
    if (standing.queues) {
      Result<std::vector<std::string>> ancestors = ancestors_of(db, query->integer(5));
      if (!ancestors) return fail(ancestors.error());
      standing.ancestors = std::move(*ancestors);
    }
    row.standing.push_back(std::move(standing));
  }
}

using Names = std::set<std::string, std::less<>>;

// Of those that are `stuck`, who still is when they and whoever waits for them leave no seat.
Names still_stuck(const Rows& rows, const Names& stuck) {
  Names held_up = stuck;
  for (const auto& [name, row] : rows) {
    for (const Standing& one : row.standing) {
      if (stuck.contains(one.run)) held_up.insert(one.ancestors.begin(), one.ancestors.end());
    }
  }
  Names still;
  for (const auto& [name, row] : rows) {
    int64_t taken_for_ever = 0;
    for (const Standing& one : row.standing) {
      if (one.queues && stuck.contains(one.run) && taken_for_ever >= row.seats)
        still.insert(one.run);
      if (held_up.contains(one.run)) ++taken_for_ever;
    }
  }
  return still;
}

}  // namespace

Result<bool> waits_for_ever(Database& db, std::string_view run, std::string_view place,
                            const IsAlive& is_alive) {
  const Result<Rows> rows = rows_of(db, place, is_alive);
  if (!rows) return fail(rows.error());
  Names stuck;
  for (const auto& [name, row] : *rows) {
    for (const Standing& one : row.standing) {
      if (one.queues) stuck.insert(one.run);
    }
  }
  for (size_t before = stuck.size() + 1; stuck.size() < before && stuck.contains(run);) {
    before = stuck.size();
    stuck = still_stuck(*rows, stuck);
  }
  return stuck.contains(run);
}

}  // namespace engine::store
