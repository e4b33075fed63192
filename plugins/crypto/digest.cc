// SHA-2 and HMAC by nettle.
#include "plugins/crypto/digest.h"

#include <fcntl.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace engine::crypto {

namespace {

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

std::string finish(sha256_ctx& state) {
  std::string digest(SHA256_DIGEST_SIZE, '\0');
  sha256_digest(&state, digest.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

Result<std::string> hash_open_file(int fd, const std::string& path) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return fail(errno_error(errno, "cannot read " + path));
  if (!S_ISREG(found.st_mode)) return fail(code::kInvalidArgument, path + " is not a regular file");
  sha256_ctx state;
  sha256_init(&state);
  std::array<char, 65536> chunk{};
  ssize_t count = 0;
  while ((count = read(fd, chunk.data(), chunk.size())) != 0) {
    if (count > 0) {
      sha256_update(&state, static_cast<size_t>(count),
                    bytes_of(std::string_view(chunk.data(), chunk.size())));
    } else if (errno != EINTR) {
      return fail(errno_error(errno, "cannot read " + path));
    }
  }
  return finish(state);
}

}  // namespace

std::string sha256(std::string_view data) {
  sha256_ctx state;
  sha256_init(&state);
  sha256_update(&state, data.size(), bytes_of(data));
  return finish(state);
}

Result<std::string> sha256_of_file(const std::string& path) {
  // NONBLOCK: opening a pipe that nobody writes to would wait for ever.
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return fail(errno_error(errno, "cannot read " + path));
  auto digest = hash_open_file(fd, path);
  close(fd);
  return digest;
}

std::string hmac(Hash hash, std::string_view key, std::string_view data) {
  std::string digest(hash == Hash::sha256 ? SHA256_DIGEST_SIZE : SHA512_DIGEST_SIZE, '\0');
  auto* out = reinterpret_cast<uint8_t*>(digest.data());
  if (hash == Hash::sha256) {
    hmac_sha256_ctx state;
    hmac_sha256_set_key(&state, key.size(), bytes_of(key));
    hmac_sha256_update(&state, data.size(), bytes_of(data));
    hmac_sha256_digest(&state, digest.size(), out);
  } else {
    hmac_sha512_ctx state;
    hmac_sha512_set_key(&state, key.size(), bytes_of(key));
    hmac_sha512_update(&state, data.size(), bytes_of(data));
    hmac_sha512_digest(&state, digest.size(), out);
  }
  return digest;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string standard_base64(std::string text) {
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::string digest_json(std::string_view bytes) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("hex", hex(bytes)).field("base64", base64_encode(bytes)).end_object();
  return out;
}

}  // namespace engine::crypto
