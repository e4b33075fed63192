// Rings within rings: of lines, and in each of those who wait.
#include "engine/base/seats.h"

namespace engine {

void Seats::Link::join(Link& ring) {
  before_ = ring.before_;
  behind_ = &ring;
  before_->behind_ = this;
  ring.before_ = this;
}

void Seats::Link::leave() {
  before_->behind_ = behind_;
  behind_->before_ = before_;
  before_ = behind_ = this;
}

bool Seats::take(Seat& seat, Line& line) {
  seat.of_ = this;
  if (taken_ < limit_) {
    ++taken_;
    return true;
  }
  seat.line_ = &line;
  if (line.waiting_.alone()) line.join(rings_.at(static_cast<size_t>(line.priority_)));
  seat.join(line.waiting_);
  ++waiting_;
  return false;
}

void Seats::take_beyond(Seat& seat) {
  seat.of_ = this;
  ++taken_;
}

void Seats::Seat::leave_seat() {
  if (!of_) return;
  Seats& seats = *of_;
  of_ = nullptr;
  seats.left(*this);
}

void Seats::left(Seat& seat) {
  if (Line* line = seat.line_) {
    seat.line_ = nullptr;
    seat.leave();
    if (line->waiting_.alone()) line->leave();
    --waiting_;
    return;
  }
  --taken_;
  if (waiting_ > 0) serve();
}

void Seats::serve() {
  while (waiting_ > 0 && taken_ < limit_) {
    size_t first = 0;
    while (rings_.at(first).alone()) ++first;
    Link& ring = rings_.at(first);
    Line& line = static_cast<Line&>(ring.behind());
    Seat& seat = static_cast<Seat&>(line.waiting_.behind());
    seat.leave();
    seat.line_ = nullptr;
    line.leave();
    if (!line.waiting_.alone()) line.join(ring);
    --waiting_;
    ++taken_;
    seat.seat_given();
  }
}

}  // namespace engine
