// Who gets a seat, and in which order.
#include "engine/base/seats.h"

#include <memory>
#include <string>

#include "tests/support/catch.h"

using namespace engine;

namespace {

std::string order;

class Guest : public Seats::Seat {
 public:
  explicit Guest(char name) : name_(name) {}
  void seat_given() override { order += name_; }

 private:
  char name_;
};

}  // namespace

TEST_CASE("lines take turns at the seats and within a line the order is that of coming") {
  order.clear();
  Seats seats(1);
  Seats::Line first, second, third;
  Guest holder('-'), a('a'), b('b'), c('c'), d('d'), e('e');
  CHECK(seats.take(holder, first));
  CHECK_FALSE(seats.take(a, first));
  CHECK_FALSE(seats.take(b, first));
  CHECK_FALSE(seats.take(c, second));
  CHECK_FALSE(seats.take(d, second));
  CHECK_FALSE(seats.take(e, third));
  for (Guest* guest : {&holder, &a, &c, &e, &b, &d}) guest->leave_seat();
  CHECK(order == "acebd");
  CHECK(seats.taken() == 0);
}

TEST_CASE("a line of a higher priority comes first") {
  order.clear();
  Seats seats(1);
  Seats::Line low(Priority::low), normal, high(Priority::high);
  Guest holder('-'), a('a'), b('b'), c('c'), d('d');
  CHECK(seats.take(holder, low));
  CHECK_FALSE(seats.take(a, low));
  CHECK_FALSE(seats.take(b, normal));
  CHECK_FALSE(seats.take(c, high));
  CHECK_FALSE(seats.take(d, high));
  for (Guest* guest : {&holder, &c, &d, &b, &a}) guest->leave_seat();
  CHECK(order == "cdba");
}

TEST_CASE("who goes away while waiting is passed over") {
  order.clear();
  Seats seats(2);
  Seats::Line line, other;
  Guest holder('-'), second('-'), c('c');
  auto a = std::make_unique<Guest>('a');
  auto b = std::make_unique<Guest>('b');
  CHECK(seats.take(holder, line));
  CHECK(seats.take(second, line));
  CHECK_FALSE(seats.take(*a, line));
  CHECK_FALSE(seats.take(*b, other));
  CHECK_FALSE(seats.take(c, line));
  b.reset();
  a.reset();
  holder.leave_seat();
  CHECK(order == "c");
  c.leave_seat();
  second.leave_seat();
  CHECK(seats.taken() == 0);
}

TEST_CASE("a seat that is taken beyond the limit is nobody else's when it is left") {
  order.clear();
  Seats seats(1);
  Seats::Line line;
  Guest holder('-'), child('-'), a('a');
  CHECK(seats.take(holder, line));
  seats.take_beyond(child);
  CHECK_FALSE(seats.take(a, line));
  child.leave_seat();
  CHECK(order.empty());
  holder.leave_seat();
  CHECK(order == "a");
}
