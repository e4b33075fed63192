// The table of settings: each declared once, with its type, default and help; loading, display and
// the reference page are folds over it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/config/config.h"
#include "engine/config/toml.h"

namespace engine::config {

enum class Kind { text, path, paths, list, size, duration, count, level };

std::string_view name_of(Kind kind);

using Value = std::variant<std::string, int64_t, std::vector<std::string>>;

struct Key {
  std::string_view name;
  Kind kind;
  std::string_view
      fallback;  // as it would be written; empty: found on the machine, `help` says how
  std::string_view help;
  void (*apply)(Config& config, const Value& value);
};

std::span<const Key> keys();
const Key* find_key(std::string_view name);

// "lua.memory" -> "ENGINE_LUA_MEMORY".
std::string variable_of(std::string_view key);

// The value that a key takes from what was written, or what is wrong with it. `base` is the folder
// that relative paths start from, `home` what "~/" stands for.
Result<Value> convert(const Key& key, const Written& written, std::string_view base,
                      std::string_view home);
// The same text as a variable or a flag would give it: lists are separated by commas, folders by
// colons.
Written written_in_variable(const Key& key, std::string_view text);

}  // namespace engine::config
