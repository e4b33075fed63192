// Naming a text by its content.
#pragma once

#include <string>
#include <string_view>

namespace engine {

std::string sha256_hex(std::string_view text);

}  // namespace engine
