// UUIDs of RFC 9562: version 4 is random, version 7 begins with the time and so sorts by it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace engine::crypto {

using UuidBytes = std::array<unsigned char, 16>;

// `random` gives the bits that neither time nor version take.
std::string uuid_v4(UuidBytes random);
std::string uuid_v7(UuidBytes random, int64_t now_ms);

}  // namespace engine::crypto
