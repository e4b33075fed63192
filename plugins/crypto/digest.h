// Hashes, as raw bytes. The only place that knows the library which computes them.
#pragma once

#include <string>
#include <string_view>

#include "engine/plugin/plugin.hpp"

namespace engine::crypto {

std::string sha256(std::string_view data);
Result<std::string> sha256_of_file(const std::string& path);
enum class Hash { sha256, sha512 };
std::string hmac(Hash hash, std::string_view key, std::string_view data);

std::string hex(std::string_view bytes);
// base64url and missing padding made plain base64.
std::string standard_base64(std::string text);
// {"hex","base64"}
std::string digest_json(std::string_view bytes);

}  // namespace engine::crypto
