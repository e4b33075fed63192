// The engine's ends of a child's standard streams.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/loop/fd.h"
#include "engine/loop/handle.h"
#include "engine/loop/loop.h"

namespace engine {

// Reads until the end, keeps the first bytes and counts the rest.
class OutputStream {
 public:
  using Chunk = std::move_only_function<void(std::string_view)>;
  using Ended = std::move_only_function<void()>;

  explicit OutputStream(size_t bytes_max) : bytes_max_(bytes_max) {}

  // `ended` is called once, from the loop, when nobody has the other end open any more.
  void start(Loop& loop, Fd fd, Chunk chunk, Ended ended);
  void close();
  // Takes what is there without waiting for more.
  void drain();

  bool open() const { return static_cast<bool>(fd_); }
  uint64_t bytes() const { return bytes_; }
  std::string take() { return std::move(kept_); }

 private:
  bool read_some(int times);

  Fd fd_;
  HandlePtr<uv_poll_t> poll_;
  Chunk chunk_;
  Ended ended_;
  size_t bytes_max_;
  std::string kept_;
  uint64_t bytes_ = 0;
};

// Writes a text as fast as it is read, then closes; a reader that goes away is no error.
class InputStream {
 public:
  void start(Loop& loop, Fd fd, std::string text);
  void close();

 private:
  // False once there is nothing left to do.
  bool write_some();

  Fd fd_;
  HandlePtr<uv_poll_t> poll_;
  std::string text_;
  size_t written_ = 0;
};

}  // namespace engine
