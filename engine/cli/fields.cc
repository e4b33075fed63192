#include "engine/cli/fields.h"

#include <algorithm>
#include <cctype>

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/ops/describe.h"

namespace engine::cli {

namespace {

using ops::Field;
using ops::Type;

std::string flag_name(const Field& field) {
  std::string name = field.name;
  std::ranges::replace(name, '_', '-');
  return name;
}

std::string placeholder(const Field& field) {
  switch (field.type) {
    case Type::boolean:
      return "";
    case Type::choice:
      return "CHOICE";
    case Type::list:
      return field.item ? std::string(name_of(*field.item)) : "ITEM";
    case Type::map:
      return "KEY=VALUE";
    case Type::secret:
      return "SECRET-NAME";
    case Type::any:
      return "JSON";
    default:
      return std::string(name_of(field.type));
  }
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string help_of(const Field& field) {
  std::string text = field.help;
  if (field.type == Type::choice) text += " (" + ops::type_text(field) + ")";
  if (field.required) text += " [required]";
  if (const std::string fallback = ops::default_text(field); !fallback.empty())
    text += " [default: " + fallback + "]";
  if (field.type == Type::list || field.type == Type::map) text += " [may be repeated]";
  return text;
}

bool is_json(std::string_view text) { return read_json(text).has_value(); }

bool is_number(std::string_view text) {
  return !text.empty() && (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '-') &&
         is_json(text);
}

// Keys of the user's own that begin with '$' are doubled, as everywhere in our JSON.
void append_key(JsonWriter& out, std::string_view key) {
  out.key(key.starts_with('$') ? "$" + std::string(key) : std::string(key));
}

void append_value(JsonWriter& out, Type type, std::string_view text) {
  const bool plain = (type == Type::integer || type == Type::number) && is_number(text);
  const bool boolean = type == Type::boolean && (text == "true" || text == "false");
  const bool any = (type == Type::any || type == Type::list || type == Type::map) && is_json(text);
  if (plain || boolean || any) {
    out.raw(text);
  } else if (type == Type::secret) {
    out.begin_object().field("$secret", text).end_object();
  } else {
    out.string(text);
  }
}

// One value that is a whole JSON list or object already.
bool is_whole(const Words& given, char opening) {
  return given.size() == 1 && given[0].starts_with(opening) && is_json(given[0]);
}

void append_list(JsonWriter& out, const Field& field, const Words& given) {
  if (is_whole(given, '[')) {
    out.raw(given[0]);
    return;
  }
  out.begin_array();
  for (const std::string& item : given) append_value(out, field.item.value_or(Type::string), item);
  out.end_array();
}

Result<void> append_map(JsonWriter& out, const Field& field, const Words& given) {
  if (is_whole(given, '{')) {
    out.raw(given[0]);
    return {};
  }
  std::vector<std::pair<std::string, std::string>>
      entries;  // the last one holds, as with other flags
  for (const std::string& item : given) {
    const size_t equals = item.find('=');
    if (equals == item.npos || equals == 0) {
      return fail(code::kInvalidArgument,
                  "--" + flag_name(field) + " needs KEY=VALUE, not '" + item + "'");
    }
    std::erase_if(entries,
                  [&](const auto& entry) { return entry.first == item.substr(0, equals); });
    entries.emplace_back(item.substr(0, equals), item.substr(equals + 1));
  }
  out.begin_object();
  for (const auto& [key, value] : entries) {
    append_key(out, key);
    append_value(out, field.item.value_or(Type::string), value);
  }
  out.end_object();
  return {};
}

bool is_ours(const Command& command, const std::string& flag) {
  const auto same = [&](const Flag& ours) { return ours.name == flag; };
  return std::ranges::any_of(command.flags, same) || std::ranges::any_of(global_flags(), same);
}

}  // namespace

std::vector<Flag> flags_of(std::span<const Field> fields) {
  std::vector<Flag> flags;
  for (const Field& field : fields) {
    Flag flag;
    flag.name = flag_name(field);
    flag.value = upper(placeholder(field));
    flag.help = help_of(field);
    flag.negatable = field.type == Type::boolean;
    flag.repeatable = field.type == Type::list || field.type == Type::map;
    flag.choices = field.choices;
    flags.push_back(std::move(flag));
  }
  return flags;
}

Result<std::string> arguments_json(std::span<const Field> fields, const Parsed& parsed) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  for (const Field& field : fields) {
    const Words given = parsed.all(flag_name(field));
    if (given.empty()) continue;
    for (const std::string& text : given) {
      if (!is_utf8(text))
        return fail(code::kInvalidArgument, "--" + flag_name(field) + " is not UTF-8 text");
    }
    out.key(field.name);
    if (field.type == Type::list) {
      append_list(out, field, given);
    } else if (field.type == Type::map) {
      if (Result<void> appended = append_map(out, field, given); !appended)
        return fail(appended.error());
    } else {
      append_value(out, field.type, given.back());
    }
  }
  out.end_object();
  return json;
}

std::vector<Flag> flags_beside(const Command& command, std::span<const Field> fields) {
  std::vector<Flag> flags = flags_of(fields);
  std::erase_if(flags, [&](const Flag& flag) { return is_ours(command, flag.name); });
  return flags;
}

Result<Parsed> with_named(Parsed parsed, const Command& command, std::span<const Field> fields,
                          std::string_view flag) {
  const Words named = parsed.all(flag);
  std::erase_if(parsed.values, [&](const auto& value) { return is_ours(command, value.first); });
  for (const std::string& given : named) {
    const size_t equals = given.find('=');
    if (equals == given.npos) {
      return fail(code::kInvalidArgument,
                  "--" + std::string(flag) + " needs NAME=VALUE, not '" + given + "'");
    }
    const std::string name = given.substr(0, equals);
    const auto found = std::ranges::find(fields, name, &Field::name);
    if (found == fields.end())
      return fail(code::kInvalidArgument, "there is no parameter '" + name + "'");
    parsed.values.emplace_back(flag_name(*found), given.substr(equals + 1));
  }
  return parsed;
}

}  // namespace engine::cli
