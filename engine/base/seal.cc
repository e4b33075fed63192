// nettle's cipher; a sealed text is nonce, tag and what was enciphered, one after the other.
#include "engine/base/seal.h"

#include <fcntl.h>
#include <nettle/chacha-poly1305.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/base/id.h"
#include "engine/base/json.h"

namespace engine {

namespace {

constexpr size_t kNonceSize = CHACHA_POLY1305_NONCE_SIZE;
constexpr size_t kTagSize = CHACHA_POLY1305_DIGEST_SIZE;
constexpr unsigned kOwnerOnly = 0600;

uint8_t* bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }
const uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

chacha_poly1305_ctx begin(const std::array<uint8_t, CHACHA_POLY1305_KEY_SIZE>& key,
                          const uint8_t* nonce) {
  chacha_poly1305_ctx cipher;
  chacha_poly1305_set_key(&cipher, key.data());
  chacha_poly1305_set_nonce(&cipher, nonce);
  return cipher;
}

void sync_folder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

// Several processes may begin at once: the first that has a whole key there wins.
Result<void> make_key(const std::string& file) {
  std::string key(CHACHA_POLY1305_KEY_SIZE, '\0');
  random_bytes(key.data(), key.size());
  const std::string own = file + "." + new_run_id();
  if (Result<void> written = write_file_atomically(own, key, kOwnerOnly); !written) return written;
  const int problem = link(own.c_str(), file.c_str()) == 0 ? 0 : errno;
  unlink(own.c_str());
  if (problem != 0 && problem != EEXIST) return fail(errno_error(problem, "cannot make " + file));
  sync_folder(std::filesystem::path(file).parent_path());
  return {};
}

}  // namespace

Result<Seal::Key> Seal::key(bool make) {
  if (key_) return *key_;
  Result<std::string> read = read_file(key_file_, CHACHA_POLY1305_KEY_SIZE);
  if (!read && read.error().code == code::kNotFound && make) {
    if (Result<void> made = make_key(key_file_); !made) return fail(made.error());
    read = read_file(key_file_, CHACHA_POLY1305_KEY_SIZE);
  }
  if (!read) return fail(read.error());
  if (read->size() != CHACHA_POLY1305_KEY_SIZE) {
    return fail(code::kInternal, key_file_ + " does not hold a key of 32 bytes",
                "put back the file that belongs to this store");
  }
  std::memcpy(key_.emplace().data(), read->data(), read->size());
  return *key_;
}

Result<std::string> Seal::close(std::string_view clear) {
  const Result<Key> key = this->key(true);
  if (!key) return fail(key.error());
  std::string sealed(kNonceSize + kTagSize + clear.size(), '\0');
  random_bytes(sealed.data(), kNonceSize);
  chacha_poly1305_ctx cipher = begin(*key, bytes(sealed));
  chacha_poly1305_encrypt(&cipher, clear.size(), bytes(sealed) + kNonceSize + kTagSize,
                          bytes(clear));
  chacha_poly1305_digest(&cipher, kTagSize, bytes(sealed) + kNonceSize);
  return base64_encode(sealed);
}

Result<std::string> Seal::open(std::string_view sealed) {
  const Result<Key> key = this->key(false);
  if (!key) return fail(key.error());
  const Result<std::string> raw = base64_decode(sealed);
  const bool whole = raw && raw->size() >= kNonceSize + kTagSize;
  std::string clear(whole ? raw->size() - kNonceSize - kTagSize : 0, '\0');
  std::string tag(kTagSize, '\0');
  if (whole) {
    chacha_poly1305_ctx cipher = begin(*key, bytes(*raw));
    chacha_poly1305_decrypt(&cipher, clear.size(), bytes(clear),
                            bytes(*raw) + kNonceSize + kTagSize);
    chacha_poly1305_digest(&cipher, kTagSize, bytes(tag));
  }
  if (!whole || tag != std::string_view(*raw).substr(kNonceSize, kTagSize)) {
    return fail(code::kInternal, "what is sealed in the store was not sealed with " + key_file_,
                "put back the key file that belongs to this store");
  }
  return clear;
}

}  // namespace engine
