// Text that is kept where others may read it: ChaCha20-Poly1305 (RFC 8439) with a key of its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace engine {

class Seal {
 public:
  // The key's file, for its owner alone. It is made when something is sealed for the first time.
  explicit Seal(std::string key_file) : key_file_(std::move(key_file)) {}

  Result<std::string> close(std::string_view clear);  // base64
  // What was sealed with another key, or is not whole, is an error.
  Result<std::string> open(std::string_view sealed);

 private:
  using Key = std::array<uint8_t, 32>;

  Result<Key> key(bool make);

  std::string key_file_;
  std::optional<Key> key_;
};

}  // namespace engine
