// Puts version, variant and time into random bytes.
#include "plugins/crypto/uuid.h"

#include "plugins/crypto/digest.h"

namespace engine::crypto {

namespace {

std::string text_of(UuidBytes bytes, unsigned version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const size_t at : {20, 16, 12, 8}) text.insert(at, "-");
  return text;
}

}  // namespace

std::string uuid_v4(UuidBytes random) { return text_of(random, 4); }

std::string uuid_v7(UuidBytes random, int64_t now_ms) {
  auto left = static_cast<uint64_t>(now_ms);
  for (size_t i = 6; i-- > 0; left >>= 8) random[i] = static_cast<unsigned char>(left & 0xff);
  return text_of(random, 7);
}

}  // namespace engine::crypto
