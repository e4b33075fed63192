// Runs that wait in the store and are nobody's: one timer for all, and those that are due are taken
// up a batch at a time.
#pragma once

#include <functional>
#include <string>

#include "engine/loop/loop.h"
#include "engine/store/store.h"

namespace engine::runs {

class Parked {
 public:
  struct Host {
    std::function<bool(const std::string& run)> has;  // it is in memory, or cannot be taken up
    std::function<size_t()> known;                    // how many such there are at most
    std::function<size_t()> room;                     // for more in memory
    std::function<void(const std::string& run)> take_up;
    std::function<void()> looked;  // at least once a second
  };
  Parked(Loop& loop, store::Store& store, const Clock& clock, Host host);
  ~Parked();

  // Takes up what is due and sets the timer: after a run was parked, got mail, or made room.
  void look();
  // The same at the end of the loop's turn, once for all who ask.
  void look_soon();
  // Whether more are due than there was room for.
  bool more() const { return more_; }

 private:
  void take_up_due();
  void arm();

  Loop& loop_;
  store::Store& store_;
  const Clock& clock_;
  Host host_;
  bool more_ = false;
  bool asked_ = false;
  TaskPtr timer_;
  std::shared_ptr<Parked*> self_ = std::make_shared<Parked*>(this);
};

}  // namespace engine::runs
