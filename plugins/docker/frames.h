// What a container writes, as it comes from the daemon: frames of 8 bytes and a payload, cut
// anywhere, or a terminal's bytes without any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace engine::docker {

enum class Stream { out, err };

// Takes the frames' stream in pieces and hands on the payloads, in the order of their coming, each
// as soon as it is there. The pieces are not kept.
class FrameReader {
 public:
  using Write = std::function<void(Stream stream, std::string_view bytes)>;

  explicit FrameReader(bool terminal) : terminal_(terminal) {}

  // False for what is no frame; nothing is handed on any more.
  bool feed(std::string_view piece, const Write& write);
  // Nothing of a frame is missing.
  bool whole() const { return held_ == 0 && left_ == 0 && !broken_; }

 private:
  bool begin_frame();

  bool terminal_;
  bool broken_ = false;
  std::array<char, 8> header_{};
  size_t held_ = 0;    // bytes of a header
  uint32_t left_ = 0;  // of the payload at hand
  Stream stream_ = Stream::out;
};

// The newest bytes of a stream, at most so many; grows with what there is.
class Tail {
 public:
  explicit Tail(size_t bytes_max) : bytes_max_(bytes_max) {}

  void append(std::string_view bytes);
  uint64_t total() const { return total_; }
  size_t size() const { return kept_.size(); }
  bool truncated() const { return total_ > bytes_max_; }
  // Where older bytes are gone, what is left begins with a whole line, if there is one.
  std::string take();

 private:
  std::string kept_;  // once it is full, a ring that begins at next_
  size_t next_ = 0;
  size_t bytes_max_;
  uint64_t total_ = 0;
};

// The oldest bytes of a stream; the rest is counted.
class Head {
 public:
  explicit Head(size_t bytes_max) : bytes_max_(bytes_max) {}

  void append(std::string_view bytes);
  uint64_t total() const { return total_; }
  size_t size() const { return kept_.size(); }
  bool truncated() const { return total_ > bytes_max_; }
  std::string take();

 private:
  std::string kept_;
  size_t bytes_max_;
  uint64_t total_ = 0;
};

}  // namespace engine::docker
