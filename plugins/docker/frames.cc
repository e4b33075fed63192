// [stream, 0, 0, 0, size in four bytes, the greatest first] [payload]
#include "plugins/docker/frames.h"

#include <algorithm>

namespace engine::docker {

namespace {

constexpr size_t kLongestLineSought = 64 << 10;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// How many bytes of a text that was cut at its front stand before the first whole line, or else the
// first whole sign.
size_t cut_off(std::string_view text) {
  const size_t line = text.substr(0, kLongestLineSought).find('\n');
  if (line != std::string_view::npos && line + 1 < text.size()) return line + 1;
  size_t sign = 0;
  while (sign < std::min<size_t>(3, text.size()) && is_continuation(text[sign])) ++sign;
  return sign;
}

}  // namespace

bool FrameReader::begin_frame() {
  const auto byte = [this](size_t at) { return static_cast<unsigned char>(header_[at]); };
  held_ = 0;
  // 0 is standard input, which a daemon echoes as output.
  if (byte(0) > 2 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) return false;
  stream_ = byte(0) == 2 ? Stream::err : Stream::out;
  left_ =
      (uint32_t{byte(4)} << 24) | (uint32_t{byte(5)} << 16) | (uint32_t{byte(6)} << 8) | byte(7);
  return true;
}

bool FrameReader::feed(std::string_view piece, const Write& write) {
  if (broken_) return false;
  if (terminal_) {
    if (!piece.empty()) write(Stream::out, piece);
    return true;
  }
  while (!piece.empty()) {
    if (left_ > 0) {
      const std::string_view payload = piece.substr(0, left_);
      write(stream_, payload);
      left_ -= static_cast<uint32_t>(payload.size());
      piece.remove_prefix(payload.size());
      continue;
    }
    const size_t wanted = std::min(header_.size() - held_, piece.size());
    std::copy_n(piece.begin(), wanted, header_.begin() + static_cast<std::ptrdiff_t>(held_));
    held_ += wanted;
    piece.remove_prefix(wanted);
    if (held_ == header_.size() && !begin_frame()) {
      broken_ = true;
      return false;
    }
  }
  return true;
}

void Tail::append(std::string_view bytes) {
  total_ += bytes.size();
  if (bytes.size() > bytes_max_) bytes.remove_prefix(bytes.size() - bytes_max_);
  const size_t room = std::min(bytes_max_ - kept_.size(), bytes.size());
  kept_.append(bytes.substr(0, room));
  bytes.remove_prefix(room);
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), kept_.size() - next_);
    std::copy_n(bytes.begin(), size, kept_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = (next_ + size) % kept_.size();
    bytes.remove_prefix(size);
  }
}

std::string Tail::take() {
  std::rotate(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(next_), kept_.end());
  next_ = 0;
  if (truncated()) kept_.erase(0, cut_off(kept_));
  return std::move(kept_);
}

void Head::append(std::string_view bytes) {
  total_ += bytes.size();
  kept_.append(bytes.substr(0, bytes_max_ - kept_.size()));
}

std::string Head::take() {
  // Not in the middle of a sign, where the end was cut off.
  if (truncated()) {
    size_t end = kept_.size();
    while (end > 0 && kept_.size() - end < 3 && is_continuation(kept_[end - 1])) --end;
    const bool leads = end > 0 && (static_cast<unsigned char>(kept_[end - 1]) & 0xC0) == 0xC0;
    if (leads) {
      const auto lead = static_cast<unsigned char>(kept_[end - 1]);
      const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
      if (kept_.size() - (end - 1) < size) kept_.resize(end - 1);
    }
  }
  return std::move(kept_);
}

}  // namespace engine::docker
