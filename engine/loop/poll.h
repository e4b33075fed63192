// Watches one file descriptor that somebody else owns, for libraries that do their own reading and
// writing.
#pragma once

#include <functional>
#include <memory>

#include "engine/base/error.h"
#include "engine/loop/loop.h"

namespace engine {

class Poll {
 public:
  static constexpr unsigned kReadable = 1;
  static constexpr unsigned kWritable = 2;
  // An error or a hang-up on the descriptor is told as both, so that whoever reads or writes finds
  // out which.
  using Ready = std::move_only_function<void(unsigned events)>;

  // The descriptor must be a socket or a pipe, and not be watched by another Poll that is active.
  static Result<std::unique_ptr<Poll>> open(Loop& loop, int fd, Ready ready);
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  // What to watch for from now on; 0 is nothing, and lets the owner close the descriptor.
  void watch(unsigned events);
  // Whether watching keeps a running loop alive; it does unless told otherwise.
  void keeps_loop(bool keeps);

 private:
  struct Impl;
  explicit Poll(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine
