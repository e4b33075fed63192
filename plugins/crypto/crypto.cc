// The crypto plugin: hashes, random bytes, base64, UUIDs.
#include "engine/plugin/plugin.hpp"
#include "plugins/crypto/digest.h"
#include "plugins/crypto/uuid.h"

namespace engine::crypto {

namespace {

using plugin::between, plugin::bound, plugin::field, plugin::one_of, plugin::operation,
    plugin::optional, plugin::required;

const engine_host* lent = nullptr;

constexpr engine_field kDigest[] = {
    field("hex", ENGINE_STRING, "The bytes as hexadecimal digits."),
    field("base64", ENGINE_STRING, "The bytes in base64."),
};
constexpr engine_field kShaParams[] = {
    optional("text", ENGINE_STRING, "What is hashed, text or bytes.", nullptr, ENGINE_SECRETS),
    optional("path", ENGINE_STRING, "Or the file that is."),
};
constexpr const char* kHashes[] = {"sha256", "sha512", nullptr};
constexpr engine_field kHmacParams[] = {
    required("key", ENGINE_SECRET, "The key, as secret(\"name\")."),
    required("text", ENGINE_STRING, "What is authenticated, text or bytes."),
    one_of(optional("hash", ENGINE_ENUM, "The hash function below.", "\"sha256\""), kHashes),
};
constexpr engine_field kRandomParams[] = {
    between(optional("bytes", ENGINE_INTEGER, "How many.", "16"), "1", "1024"),
};
constexpr engine_field kEncodeParams[] = {required("data", ENGINE_STRING, "Text or bytes.")};
constexpr engine_field kEncoded[] = {field("text", ENGINE_STRING, "In base64, with padding.")};
constexpr engine_field kDecodeParams[] = {
    required("text", ENGINE_STRING,
             "In base64; the letters of base64url are taken too, and padding may be missing."),
};
constexpr engine_field kDecoded[] = {field("data", ENGINE_STRING, "Text or bytes.")};
constexpr engine_field kUuidParams[] = {
    between(optional("version", ENGINE_INTEGER, "4: random; 7: sorts by time.", "4"), "4", "7"),
};
constexpr engine_field kUuid[] = {field("uuid", ENGINE_STRING, "36 characters, lower case.")};

std::string one_field(const char* name, std::string_view value) {
  std::string out;
  JsonWriter(out).begin_object().field(name, value).end_object();
  return out;
}

void hash(plugin::Call call) {
  const auto args = call.args();
  const bool has_path = args.has("path");
  if (has_path == args.has("text")) {
    return call.fail({code::kInvalidArgument, "needs either text or path",
                      "crypto.sha256{ text = \"...\" } or crypto.sha256{ path = \"/...\" }"});
  }
  if (!has_path) {
    const auto text = call.resolved_string("text");
    if (!text) return call.fail(text.error());
    return call.done(digest_json(sha256(*text)));
  }
  call.answer_from_worker([path = args.string("path")]() -> Result<std::string> {
    const auto digest = sha256_of_file(path);
    if (!digest) return fail(digest.error());
    return digest_json(*digest);
  });
}

void authenticate(plugin::Call call) {
  const auto args = call.args();
  const auto key = call.secret("key");
  if (!key) return call.fail(key.error());
  const Hash with = args.string("hash") == "sha512" ? Hash::sha512 : Hash::sha256;
  call.done(digest_json(hmac(with, *key, args.string("text"))));
}

void random(plugin::Call call) {
  std::string bytes(static_cast<size_t>(call.args().integer("bytes")), '\0');
  random_bytes(bytes.data(), bytes.size());
  call.done(digest_json(bytes));
}

void encode(plugin::Call call) {
  call.done(one_field("text", base64_encode(call.args().string("data"))));
}

void decode(plugin::Call call) {
  const auto data = base64_decode(standard_base64(call.args().string("text")));
  if (!data) return call.fail(data.error());
  call.done(one_field("data", *data));
}

void make_uuid(plugin::Call call) {
  UuidBytes bytes;
  random_bytes(bytes.data(), bytes.size());
  const int64_t version = call.args().integer("version");
  if (version != 4 && version != 7) {
    return call.fail({code::kInvalidArgument, "there is version 4 and version 7 of UUIDs here"});
  }
  call.done(one_field("uuid", version == 4 ? uuid_v4(bytes) : uuid_v7(bytes, lent->now_ms())));
}

constexpr engine_operation kOperations[] = {
    operation("sha256", "Hashes a text or a file with SHA-256.", ENGINE_READ, bound<hash, lent>,
              kShaParams, kDigest),
    operation("hmac", "Authenticates a text with a secret key (HMAC).", ENGINE_READ,
              bound<authenticate, lent>, kHmacParams, kDigest),
    operation(
        "random",
        "Makes random bytes; they stand in the journal, so they are for names, not for passwords.",
        ENGINE_READ, bound<random, lent>, kRandomParams, kDigest),
    operation("base64.encode", "Writes text or bytes in base64.", ENGINE_READ, bound<encode, lent>,
              kEncodeParams, kEncoded),
    operation("base64.decode", "Reads base64.", ENGINE_READ, bound<decode, lent>, kDecodeParams,
              kDecoded),
    operation("uuid", "Makes a UUID.", ENGINE_READ, bound<make_uuid, lent>, kUuidParams, kUuid),
};

constexpr engine_plugin kPlugin = plugin::declared(
    "crypto", "Hashes, random bytes, base64 and UUIDs.", plugin::starting<lent>, kOperations);

}  // namespace

}  // namespace engine::crypto

extern "C" const engine_plugin* engine_plugin_crypto(void) { return &engine::crypto::kPlugin; }
