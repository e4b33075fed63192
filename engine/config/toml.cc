#include "engine/config/toml.h"

#include <sstream>

#define TOML_EXCEPTIONS 0
// toml++ asserts what a malformed file can break; without its assertions the same place of its
// parser reports a syntax error.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include "engine/base/json.h"

namespace engine::config {

namespace {

constexpr int kDepthMax = 32;

void write_json(JsonWriter& out, const toml::node& node, int depth) {
  if (depth > kDepthMax) {
    out.null();
  } else if (const auto* table = node.as_table()) {
    out.begin_object();
    for (const auto& [key, value] : *table) {
      out.key(key.str());
      write_json(out, value, depth + 1);
    }
    out.end_object();
  } else if (const auto* array = node.as_array()) {
    out.begin_array();
    for (const auto& value : *array) write_json(out, value, depth + 1);
    out.end_array();
  } else if (const auto* text = node.as_string()) {
    out.string(text->get());
  } else if (const auto* integer = node.as_integer()) {
    out.integer(integer->get());
  } else if (const auto* number = node.as_floating_point()) {
    out.number(number->get());
  } else if (const auto* boolean = node.as_boolean()) {
    out.boolean(boolean->get());
  } else {
    std::ostringstream text;
    if (const auto* date = node.as_date()) text << *date;
    if (const auto* time = node.as_time()) text << *time;
    if (const auto* moment = node.as_date_time()) text << *moment;
    out.string(text.str());
  }
}

Shape shape_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return Shape::string;
    case toml::node_type::integer:
      return Shape::integer;
    case toml::node_type::floating_point:
      return Shape::number;
    case toml::node_type::boolean:
      return Shape::boolean;
    case toml::node_type::array:
      return Shape::list;
    case toml::node_type::table:
      return Shape::map;
    default:
      return Shape::other;
  }
}

Written written(const toml::node& node) {
  Written result;
  result.shape = shape_of(node);
  JsonWriter out(result.json);
  write_json(out, node, 0);
  if (const auto* text = node.as_string()) result.text = text->get();
  if (const auto* array = node.as_array()) {
    for (const auto& item : *array) {
      if (const auto* text = item.as_string()) {
        result.texts.push_back(text->get());
      } else {
        result.all_strings = false;
      }
    }
  }
  return result;
}

bool stays_whole(std::string_view key) {
  constexpr std::string_view plugins = "plugins.";
  return key.starts_with(plugins) && key.substr(plugins.size()).find('.') != key.npos;
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<Entry>& into) {
  for (const auto& [name, node] : table) {
    std::string key = prefix + std::string(name.str());
    const auto* below = node.as_table();
    if (below && !stays_whole(key)) {
      flatten(*below, key + ".", into);
      continue;
    }
    const toml::source_position& at = below ? node.source().begin : name.source().begin;
    const toml::source_position& value_at = node.source().begin;
    into.push_back({std::move(key), written(node), static_cast<int>(at.line),
                    static_cast<int>(at.column), static_cast<int>(value_at.line),
                    static_cast<int>(value_at.column)});
  }
}

}  // namespace

std::string_view name_of(Shape shape) {
  switch (shape) {
    case Shape::string:
      return "a string";
    case Shape::integer:
      return "an integer";
    case Shape::number:
      return "a number";
    case Shape::boolean:
      return "a boolean";
    case Shape::list:
      return "a list";
    case Shape::map:
      return "a table";
    case Shape::other:
      break;
  }
  return "a date or time";
}

std::expected<std::vector<Entry>, SyntaxError> read_toml(std::string_view text) {
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return std::unexpected(SyntaxError{static_cast<int>(error.source().begin.line),
                                       static_cast<int>(error.source().begin.column),
                                       std::string(error.description())});
  }
  std::vector<Entry> entries;
  flatten(parsed.table(), "", entries);
  return entries;
}

}  // namespace engine::config
