// Text that is part of the program: the engine's own Lua files, put there by cmake/embed.cmake.
#pragma once

#include <span>
#include <string_view>

namespace engine {

struct EmbeddedFile {
  std::string_view name;  // the path in the source tree, "engine/lua/prelude.lua"
  std::string_view text;
  std::string_view sha256;  // in hex
};

// Empty when the program holds no such file.
const EmbeddedFile& embedded_file(std::string_view name);
inline std::string_view embedded(std::string_view name) { return embedded_file(name).text; }
std::span<const EmbeddedFile> embedded_files();

}  // namespace engine
