// So many at once, and no more: who comes later waits. Fair between lines, which take turns; in the
// order of coming within one. Nothing is allocated, and all of it costs the same however many wait.
#pragma once

#include <array>
#include <cstddef>

namespace engine {

enum class Priority { high, normal, low };

class Seats {
  // Stands in a ring of its like, or alone.
  class Link {
   public:
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { leave(); }
    bool alone() const { return behind_ == this; }
    Link& behind() { return *behind_; }
    void join(Link& ring);  // at its end
    void leave();

   private:
    Link* before_ = this;
    Link* behind_ = this;
  };

 public:
  // Those that are served in turn: one run's operations, one runbook's runs. A line of a higher
  // priority always comes first. Outlives its seats.
  class Line : private Link {
   public:
    explicit Line(Priority priority = Priority::normal) : priority_(priority) {}

   private:
    friend class Seats;
    const Priority priority_;
    Link waiting_;
  };

  // One that takes a seat, and leaves it when it is destroyed.
  class Seat : private Link {
   public:
    Seat() = default;
    virtual ~Seat() { leave_seat(); }
    void leave_seat();

   protected:
    // It waited and has its seat now. Called within what somebody else does: work is for later.
    virtual void seat_given() = 0;

   private:
    friend class Seats;
    Seats* of_ = nullptr;
    Line* line_ = nullptr;  // while it waits
  };

  explicit Seats(size_t limit) : limit_(limit) {}

  // True: the seat is taken. Else seat_given() comes when it is.
  bool take(Seat& seat, Line& line);
  // Takes it at once, however many are taken.
  void take_beyond(Seat& seat);

  size_t limit() const { return limit_; }
  size_t taken() const { return taken_; }

 private:
  void left(Seat& seat);
  void serve();

  const size_t limit_;
  size_t taken_ = 0;
  size_t waiting_ = 0;
  std::array<Link, 3> rings_;  // by priority: lines in which somebody waits, the next one first
};

}  // namespace engine
