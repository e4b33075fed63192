// Docker's streams of JSON, an object a line, cut anywhere on their way.
#pragma once

#include <string>
#include <string_view>

namespace engine::docker {

class Lines {
 public:
  // Hands each whole line to `take`; false for one that is beyond all measure.
  template <class Take>
  bool feed(std::string_view piece, Take take) {
    while (true) {
      const size_t end = piece.find('\n');
      held_ += piece.substr(0, end);
      if (held_.size() > kBytesMax) return false;
      if (end == std::string_view::npos) return true;
      piece.remove_prefix(end + 1);
      std::string line = std::move(held_);
      held_.clear();
      if (line.find_first_not_of(" \r\t") != std::string::npos) take(line);
    }
  }
  // What came last may lack its end of line.
  std::string rest() { return std::move(held_); }

 private:
  static constexpr size_t kBytesMax = 4 << 20;
  std::string held_;
};

}  // namespace engine::docker
