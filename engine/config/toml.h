// Reads TOML into a flat list of what was written where. The only user of toml++.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace engine::config {

enum class Shape { string, integer, number, boolean, list, map, other };

std::string_view name_of(Shape shape);  // "a string", "a list", ...

// A value as written: its JSON, and its text where it is a string or a list of strings.
struct Written {
  Shape shape = Shape::string;
  std::string json;
  std::string text;
  std::vector<std::string> texts;
  bool all_strings = true;  // of a list
};

struct Entry {
  std::string key;  // "lua.memory"
  Written value;
  int line = 0, column = 0;              // of the key
  int value_line = 0, value_column = 0;  // of the value
};

struct SyntaxError {
  int line = 0, column = 0;
  std::string message;
};

// Tables are flattened into dotted keys, but what a plugin has below its own name
// ("plugins.process.env") stays whole.
std::expected<std::vector<Entry>, SyntaxError> read_toml(std::string_view text);

}  // namespace engine::config
