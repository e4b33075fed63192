#include "engine/cli/luacats.h"

#include <map>
#include <set>

#include "engine/base/embedded.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/ops/describe.h"

namespace engine::cli {

namespace {

constexpr std::string_view kGenerated = "-- Made by `engine docs --luacats`; do not edit.\n";

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  return line;
}

std::string type_name(ops::Type type) {
  switch (type) {
    case ops::Type::duration:
    case ops::Type::size:
    case ops::Type::time:
    case ops::Type::secret:
      return "engine." + std::string(name_of(type));
    case ops::Type::list:
      return "any[]";
    case ops::Type::map:
      return "table<string, any>";
    case ops::Type::choice:
      return "string";
    default:
      return std::string(name_of(type));
  }
}

// `owner` is the class that the field is in: an enum has an alias below it.
std::string type_of(const ops::Field& field, const std::string& owner) {
  if (field.type == ops::Type::choice) return owner + "." + field.name;
  if (field.item && field.type == ops::Type::list) return type_name(*field.item) + "[]";
  if (field.item && field.type == ops::Type::map)
    return "table<string, " + type_name(*field.item) + ">";
  return type_name(field.type);
}

std::string limit_text(const ops::Field& field, double limit) {
  const auto whole = static_cast<int64_t>(limit);
  if (field.type == ops::Type::duration) return format_duration(Millis(whole));
  if (field.type == ops::Type::size) return human_size(whole);
  if (static_cast<double>(whole) == limit) return std::to_string(whole);
  std::string text;
  JsonWriter(text).number(limit);
  return text;
}

std::string unit_of(const ops::Field& field) {
  if (field.type == ops::Type::duration) return " A duration: \"1h30m\", or milliseconds.";
  if (field.type == ops::Type::size) return " A size: \"64KiB\", or bytes.";
  if (field.type == ops::Type::time) return " A time: RFC 3339, or milliseconds since 1970.";
  return "";
}

std::string field_line(const ops::Field& field, const std::string& owner, bool given) {
  const bool optional = given && !field.required;
  std::string line = "---@field " + field.name + (optional ? "? " : " ") + type_of(field, owner);
  line += " " + one_line(field.help);
  if (given) line += unit_of(field);
  if (const std::string fallback = ops::default_text(field); !fallback.empty())
    line += " Default: " + fallback + ".";
  if (field.min) line += " At least " + limit_text(field, *field.min) + ".";
  if (field.max) line += " At most " + limit_text(field, *field.max) + ".";
  while (line.ends_with(' ')) line.pop_back();
  return line + "\n";
}

std::string class_of(const std::string& name, std::span<const ops::Field> fields, bool given) {
  std::string text;
  for (const ops::Field& field : fields) {
    if (field.type != ops::Type::choice) continue;
    text += "---@alias " + name + "." + field.name + "\n";
    for (const std::string& choice : field.choices) {
      text += "---| ";
      append_json_string(text, choice);
      text += "\n";
    }
    text += "\n";
  }
  text += "---@class " + name + "\n";
  for (const ops::Field& field : fields) text += field_line(field, name, given);
  return text + "\n";
}

std::string stub_of(const ops::Operation& op) {
  const std::string params = "engine." + op.name + ".params";
  const std::string result = "engine." + op.name + ".result";
  std::string text;
  bool required = false;
  for (const ops::Field& field : op.params) required = required || field.required;
  if (!op.params.empty()) text += class_of(params, op.params, true);
  if (!op.results.empty()) text += class_of(result, op.results, false);
  text += "---" + one_line(op.summary) + "\n---\n---Effect: " + std::string(name_of(op.effect)) +
          (op.effect_of ? " at most, by its arguments" : "") + "." +
          (op.idempotent ? " Idempotent." : "") + " Timeout: " + format_duration(op.timeout) + ".";
  if (op.always_allowed_by_name) text += " A runbook has to allow it by name.";
  for (const std::string& error : op.errors)
    text += (&error == &op.errors.front() ? " Errors: " : ", ") + error;
  text += op.errors.empty() ? "\n" : ".\n";
  if (!op.params.empty()) {
    text += "---@param args" + std::string(required ? " " : "? ") + params + "\n";
  }
  // What lists, answers a list of what it declares.
  const bool lists = op.name.ends_with(".list") || op.summary.starts_with("Lists ");
  text += "---@return " + (op.results.empty() ? "any" : result + (lists ? "[]" : "")) + "\n";
  return text + "function " + op.name + "(" + (op.params.empty() ? "" : "args") + ") end\n\n";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> operation_stubs(
    std::span<const ops::Operation* const> operations) {
  std::map<std::string, std::string> files;
  std::set<std::string> tables;
  for (const ops::Operation* op : operations) {
    const std::string plugin(op->plugin());
    std::string& text = files[plugin];
    if (text.empty()) text = "---@meta\n" + std::string(kGenerated) + "\n";
    for (size_t dot = op->name.find('.'); dot != op->name.npos; dot = op->name.find('.', dot + 1)) {
      const std::string table = op->name.substr(0, dot);
      if (tables.insert(table).second) text += table + " = {}\n\n";
    }
    text += stub_of(*op);
  }
  std::vector<std::pair<std::string, std::string>> stubs = {
      {"engine.lua", std::string(embedded("engine/cli/luacats.lua"))}};
  for (auto& [plugin, text] : files) {
    text.pop_back();
    stubs.emplace_back(plugin + ".lua", std::move(text));
  }
  return stubs;
}

std::string module_stub(std::string_view name, std::string_view text) {
  const std::string table(name.substr(name.rfind('.') + 1));
  std::string stub = "---@meta " + std::string(name) + "\n" + std::string(kGenerated) + "\nlocal " +
                     table + " = {}\n";
  std::string comment;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("---")) {
      comment += std::string(line) + "\n";
      continue;
    }
    const std::string head = "function " + table + ".";
    if (line.starts_with(head) && line.find(')') != line.npos)
      stub += "\n" + comment + std::string(line.substr(0, line.find(')') + 1)) + " end\n";
    comment.clear();
  }
  return stub + "\nreturn " + table + "\n";
}

}  // namespace engine::cli
