// Declarations out of Lua, field by field.
#include "engine/lua/declared.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/base/text.h"
#include "engine/lua/errors.h"
#include "engine/ops/check.h"

namespace engine::lua {
namespace {

using Object = simdjson::dom::object;
using Array = simdjson::dom::array;

const std::vector<std::string> kParamFields = {"name", "type", "help",   "default", "required",
                                               "min",  "max",  "values", "item",    "sensitive"};

bool name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

Checked set_type(ops::Type& type, std::string_view given, const std::string& subject) {
  if (const std::optional<ops::Type> known = ops::type_named(given)) {
    type = *known;
    return {};
  }
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(ops::Type::any); ++i)
    names.emplace_back(name_of(static_cast<ops::Type>(i)));
  return Fault{subject + ": there is no type " + in_quotes(given), did_you_mean(given, names),
               std::string(given)};
}

Checked set_limit(std::optional<double>& limit, const ops::Field& field, JsonElement value,
                  const std::string& subject) {
  const std::optional<std::string> text = json_bytes(value);
  Result<double> parsed = ops::parse_limit(field.type, text ? *text : json_text(value));
  if (!parsed)
    return Fault{subject + ": " + parsed.error().message, parsed.error().hint, field.name};
  limit = *parsed;
  return {};
}

Checked set_choices(ops::Field& field, JsonElement value, const std::string& subject) {
  Array list;
  if (value.get(list)) return Fault{subject + ": values is a list of texts", "", "values"};
  for (const JsonElement item : list) {
    const std::optional<std::string> text = json_bytes(item);
    if (!text) return Fault{subject + ": values is a list of texts", "", "values"};
    field.choices.push_back(*text);
  }
  return {};
}

// The named members of { "duration", default = "1h", help = "..." }, but the type and the default,
// which go first and last.
Checked set_member(ops::Field& field, std::string_view key, JsonElement value,
                   const std::string& subject) {
  bool flag = false;
  if (key == "required" || key == "sensitive") {
    if (value.get(flag))
      return Fault{subject + ": " + std::string(key) + " is true or false", "", std::string(key)};
    (key == "required" ? field.required : field.sensitive) = flag;
  } else if (key == "help") {
    const std::optional<std::string> text = json_bytes(value);
    if (!text) return Fault{subject + ": help is a text", "", "help"};
    field.help = *text;
  } else if (key == "min" || key == "max") {
    return set_limit(key == "min" ? field.min : field.max, field, value, subject);
  } else if (key == "values") {
    return set_choices(field, value, subject);
  } else if (key == "item") {
    const std::optional<std::string> text = json_bytes(value);
    if (!text) return Fault{subject + ": item is the name of a type", "", "item"};
    field.item.emplace();
    return set_type(*field.item, *text, subject);
  } else if (key != "name" && key != "type" && key != "default") {
    return Fault{subject + ": there is no " + in_quotes(key) + " in a parameter",
                 did_you_mean(key, kParamFields), std::string(key)};
  }
  return {};
}

// `members`: everything by name, as positional values were given their names.
Checked read_param(const std::string& list, ops::Field& field,
                   const std::vector<std::pair<std::string, JsonElement>>& members) {
  const std::string subject = list + "." + field.name;
  std::optional<JsonElement> fallback;
  bool typed = false, said_required = false;
  for (const auto& [key, value] : members) {
    if (key == "default") fallback = value;
    if (key == "required") said_required = true;
    if (key != "type") continue;
    const std::optional<std::string> text = json_bytes(value);
    if (!text) return Fault{subject + ": its type is a text such as \"string\"", "", field.name};
    if (Checked fault = set_type(field.type, *text, subject)) return fault;
    typed = true;
  }
  if (!typed)
    return Fault{subject + " has no type", "write " + field.name + " = { \"string\" }", field.name};
  for (const auto& [key, value] : members) {
    if (Checked fault = set_member(field, key, value, subject)) return fault;
  }
  if (field.type == ops::Type::choice && field.choices.empty()) {
    return Fault{subject + ": an enum needs its values", "add values = { \"a\", \"b\" }",
                 field.name};
  }
  if (fallback) {
    if (Result<void> set = ops::set_default(field, json_text(*fallback)); !set) {
      return Fault{subject + ": " + set.error().message, set.error().hint, field.name};
    }
  }
  if (!said_required) field.required = !fallback;
  return {};
}

// A parameter is { type, help = ... } under its name, or { name, type, help, default } in a list.
// Lua tables that mix both kinds of keys arrive with the positions as "1", "2", ...
Checked add_param(const std::string& list, std::vector<ops::Field>& fields, std::string_view name,
                  JsonElement value) {
  static constexpr std::array<std::string_view, 4> kPositions = {"name", "type", "help", "default"};
  const size_t shift = name.empty() ? 0 : 1;
  std::vector<std::pair<std::string, JsonElement>> members;
  auto add = [&](std::string_view key, JsonElement member) {
    const bool position =
        key.size() == 1 && key[0] >= '1' && static_cast<size_t>(key[0] - '1') + shift < 4;
    members.emplace_back(position ? kPositions.at(static_cast<size_t>(key[0] - '1') + shift) : key,
                         member);
  };
  Object object;
  Array array;
  if (!value.get(object)) {
    for (const auto& member : object) add(member.key, member.value);
  } else if (!value.get(array)) {
    size_t place = 0;
    for (const JsonElement item : array) add(std::to_string(++place), item);
  } else if (value.is_string()) {
    add("1", value);
  }
  ops::Field field;
  field.name = name;
  for (const auto& [key, member] : members) {
    if (key == "name") field.name = json_bytes(member).value_or("");
  }
  const bool spelt = std::all_of(field.name.begin(), field.name.end(), name_character);
  if (!field.name.empty() && (!spelt || std::isdigit(static_cast<unsigned char>(field.name[0])))) {
    return Fault{list + ": " + in_quotes(field.name) + " is no name for a parameter",
                 "a name is made of letters, digits and _", field.name};
  }
  if (field.name.empty())
    return Fault{list + ": one has no name", "write { \"name\", \"type\" }", list};
  Checked fault = read_param(list, field, members);
  if (!fault) fields.push_back(std::move(field));
  return fault;
}

}  // namespace

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::optional<std::string> near = nearest(word, known);
  if (near) return "did you mean '" + *near + "'?";
  std::string all = "there are";
  for (const std::string& name : known) all += " " + name;
  return all;
}

Checked read_fields(const std::string& list, std::vector<ops::Field>& fields, JsonElement value) {
  Object object;
  Array array;
  if (!value.get(object)) {
    for (const auto& member : object) {
      if (Checked fault = add_param(list, fields, member.key, member.value)) return fault;
    }
  } else if (!value.get(array)) {
    for (const JsonElement item : array) {
      if (Checked fault = add_param(list, fields, "", item)) return fault;
    }
  } else {
    const std::string what = list == "params" ? "parameters" : "declared values";
    return Fault{list + " is a table of " + what, list + " = { name = { \"string\" } }", list};
  }
  return {};
}

Checked read_texts(const std::string& list, const char* example, std::vector<std::string>& texts,
                   JsonElement value) {
  Array items;
  if (value.get(items)) return Fault{list + " is a list such as " + example, "", list};
  for (const JsonElement item : items) {
    const std::optional<std::string> text = json_bytes(item);
    if (!text) return Fault{list + " is a list of texts", "", list};
    texts.push_back(*text);
  }
  return {};
}

Checked read_duration(const std::string& field, Millis& into, JsonElement value) {
  const std::optional<std::string> text = json_bytes(value);
  Result<Millis> parsed = parse_duration(text.value_or(""));
  if (!parsed) return Fault{field + ": " + parsed.error().message, field + " = \"30m\"", field};
  into = *parsed;
  return {};
}

int line_of(std::string_view text, int from, std::string_view word) {
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    if (++number < from) continue;
    for (size_t at = line.find(word); !word.empty() && at != std::string_view::npos;
         at = line.find(word, at + 1)) {
      const size_t end = at + word.size();
      if ((at == 0 || !name_character(line[at - 1])) &&
          (end >= line.size() || !name_character(line[end])))
        return number;
    }
  }
  return from;
}

Error located(const std::string& source, std::string_view text, int line, const Fault& fault) {
  std::string hint = fault.hint;
  const std::string shown = excerpt(text, line, in_quotes(fault.word));
  if (!shown.empty()) hint = hint.empty() ? shown : hint + "\n" + shown;
  return Error(code::kInvalidArgument, source + ":" + std::to_string(line) + ": " + fault.message,
               hint);
}

}  // namespace engine::lua
