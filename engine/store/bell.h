// The doorbell of a process that carries runs: a datagram socket beside the store, one for each
// owner epoch. A ring says that there is something new to be read in the store, and nothing more,
// so that a lost one costs time alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/error.h"
#include "engine/loop/fd.h"
#include "engine/loop/poll.h"

namespace engine::store {

class Bell {
 public:
  // Takes away the bells of other epochs for which `is_alive` says no. `rung` comes on the loop.
  static Result<std::unique_ptr<Bell>> open(Loop& loop, const std::string& folder, int64_t epoch,
                                            const std::function<bool(int64_t epoch)>& is_alive,
                                            std::function<void()> rung);
  ~Bell();

  // Whether somebody is there to hear it.
  static bool ring(const std::string& folder, int64_t epoch);
  static void ring_all(const std::string& folder);

 private:
  Bell(Fd folder, Fd socket, std::string name, std::function<void()> rung);
  void heard();

  Fd folder_, socket_;
  std::string name_;
  std::function<void()> rung_;
  std::unique_ptr<Poll> poll_;
};

}  // namespace engine::store
