#include "engine/cli/report.h"

#include <algorithm>
#include <vector>

#include "engine/base/json_read.h"
#include "engine/cli/table.h"

namespace engine::cli {

namespace {

using simdjson::dom::array;
using simdjson::dom::object;

// A value within a line: text without quotes, the rest as JSON.
std::string cell(JsonElement value) {
  if (value.is_null()) return "-";
  std::string text = json_bytes(value).value_or("");
  if (!value.is_string() && text.empty()) text = json_text(value);
  text = made_visible(text);
  std::ranges::replace(text, '\n', ' ');
  std::ranges::replace(text, '\t', ' ');
  return text;
}

bool all_objects(const array& list) {
  for (const JsonElement item : list) {
    if (!item.is_object()) return false;
  }
  return list.begin() != list.end();
}

std::string table_text(const array& list, const Terminal& terminal) {
  std::vector<std::string> columns;
  for (const JsonElement item : list) {
    for (const auto& [key, value] : object(item)) {
      if (std::ranges::count(columns, key) == 0) columns.emplace_back(key);
    }
  }
  if (columns.empty()) return "";
  std::vector<std::string> heading;
  for (const std::string& column : columns) heading.push_back(made_visible(column));
  Table table(heading);
  std::vector<bool> numbers(columns.size(), true);
  for (const JsonElement item : list) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto value = json_member(item, columns[i]);
      cells.push_back(value ? cell(*value) : "-");
      if (value && !value->is_number()) numbers[i] = false;
    }
    table.row(std::move(cells));
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (numbers[i]) table.right_aligned(i);
  }
  return table.text(terminal);
}

std::string map_text(const object& map, const Terminal& terminal) {
  int width = 0;
  for (const auto& [key, value] : map) width = std::max(width, display_width(made_visible(key)));
  std::string text;
  for (const auto& [key, value] : map) {
    const std::string name = made_visible(key);
    text += terminal.painted(Paint::bold, name);
    if (value.is_array() && all_objects(array(value))) {
      text += "\n" + table_text(array(value), terminal);
      continue;
    }
    text +=
        std::string(static_cast<size_t>(width - display_width(name) + 2), ' ') + cell(value) + "\n";
  }
  return text;
}

}  // namespace

std::string report_text(std::string_view json, const Terminal& terminal) {
  Result<JsonDocument> document = read_json(json);
  if (!document) return made_visible(json) + "\n";
  const JsonElement root = document->root();
  if (root.is_null()) return "";
  if (const auto bytes = json_bytes(root)) {
    std::string text = made_visible(*bytes);
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text;
  }
  if (root.is_array()) {
    const array list(root);
    if (all_objects(list)) return table_text(list, terminal);
    std::string text;
    for (const JsonElement item : list) text += cell(item) + "\n";
    return text;
  }
  if (root.is_object()) return map_text(object(root), terminal);
  return cell(root) + "\n";
}

}  // namespace engine::cli
