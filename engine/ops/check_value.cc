// One value against one declared field.
#include "engine/ops/check_value.h"

#include <charconv>
#include <cmath>

#include "engine/base/text.h"
#include "engine/base/units.h"

namespace engine::ops {

namespace {

using simdjson::dom::element;
using Problem = std::optional<std::string>;

constexpr size_t kShownBytesMax = 60;

Problem expected(std::string_view what, const element& value) {
  return "takes " + std::string(what) + ", not " +
         shortened(simdjson::minify(value), kShownBytesMax);
}

// {"$bytes": ...} and {"$secret": ...} stand for text.
bool is_marked(const element& value, std::string_view mark) {
  simdjson::dom::object members;
  if (value.get(members) || members.size() != 1) return false;
  return (*members.begin()).key == mark;
}

Problem check_range(const Field& field, double number, std::string_view unit_text) {
  const auto limit = [&](double bound) {
    if (field.type == Type::duration) return format_duration(Millis(static_cast<int64_t>(bound)));
    if (field.type == Type::size) return human_size(static_cast<int64_t>(bound));
    std::string text = std::to_string(bound);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  };
  if (field.min && number < *field.min)
    return "is at least " + limit(*field.min) + ", not " + std::string(unit_text);
  if (field.max && number > *field.max)
    return "is at most " + limit(*field.max) + ", not " + std::string(unit_text);
  return std::nullopt;
}

Problem write_integer(JsonWriter& writer, const Field& field, const element& value) {
  int64_t integer = 0;
  if (value.get(integer)) {
    double number = 0;
    if (value.get(number) || std::nearbyint(number) != number || std::fabs(number) > 9e15) {
      return expected("an integer", value);
    }
    integer = static_cast<int64_t>(number);  // 5.0: what Lua's division makes of an integer
  }
  if (auto problem = check_range(field, static_cast<double>(integer), std::to_string(integer)))
    return problem;
  writer.integer(integer);
  return std::nullopt;
}

Problem write_number(JsonWriter& writer, const Field& field, const element& value) {
  double number = 0;
  if (value.get(number)) return expected("a number", value);
  if (auto problem = check_range(field, number, simdjson::minify(value))) return problem;
  writer.raw(simdjson::minify(value));
  return std::nullopt;
}

Problem write_unit(JsonWriter& writer, const Field& field, const element& value, Form form) {
  std::string_view text;
  const char* what = field.type == Type::duration ? "a duration such as \"30s\""
                     : field.type == Type::size   ? "a size such as \"64KiB\""
                                                  : "a time such as \"2026-11-21T02:00:00Z\"";
  int64_t amount = 0;
  if (value.get(text)) {
    // A size is a plain count of bytes too; a bare number of a duration or a time has no unit.
    if (field.type != Type::size || value.get(amount) || amount < 0) return expected(what, value);
  } else if (field.type == Type::duration) {
    const Result<Millis> parsed = parse_duration(text);
    if (!parsed) return expected(what, value);
    amount = parsed->count();
  } else {
    const Result<int64_t> parsed = field.type == Type::size ? parse_size(text) : parse_time(text);
    if (!parsed) return expected(what, value);
    amount = *parsed;
  }
  if (auto problem = check_range(field, static_cast<double>(amount), simdjson::minify(value)))
    return problem;
  if (form == Form::normalised) {
    writer.integer(amount);
  } else {
    writer.raw(simdjson::minify(value));
  }
  return std::nullopt;
}

Problem write_string(JsonWriter& writer, const Field& field, const element& value) {
  if (is_marked(value, "$secret")) {
    if (!field.secrets) return "does not take a secret; only parameters that say so do";
  } else if (!value.is_string() && !is_marked(value, "$bytes")) {
    return expected("a string", value);
  }
  writer.raw(simdjson::minify(value));
  return std::nullopt;
}

Problem write_choice(JsonWriter& writer, const Field& field, const element& value) {
  std::string_view text;
  if (!value.get(text)) {
    for (const std::string& choice : field.choices) {
      if (choice == text) {
        writer.string(text);
        return std::nullopt;
      }
    }
  }
  Problem problem = expected(choices_text(field), value);
  if (const auto near = nearest(text, field.choices))
    *problem += "; did you mean \"" + *near + "\"?";
  return problem;
}

Field item_of(const Field& field) {
  Field item;
  item.type = *field.item;
  item.secrets = field.secrets;
  return item;
}

Problem write_list(JsonWriter& writer, const Field& field, const element& value, Form form) {
  simdjson::dom::array list;
  if (value.get(list)) return expected("a list", value);
  if (!field.item) {
    writer.raw(simdjson::minify(value));
    return std::nullopt;
  }
  const Field item = item_of(field);
  writer.begin_array();
  size_t index = 0;
  for (const element& one : list) {
    ++index;
    if (auto problem = write_checked(writer, item, one, form))
      return "item " + std::to_string(index) + " " + *problem;
  }
  writer.end_array();
  return std::nullopt;
}

Problem write_map(JsonWriter& writer, const Field& field, const element& value, Form form) {
  simdjson::dom::array list;
  if (!value.get(list) && list.size() == 0) {  // {} in Lua
    writer.raw("{}");
    return std::nullopt;
  }
  simdjson::dom::object members;
  if (value.get(members)) return expected("a map", value);
  if (!field.item) {
    writer.raw(simdjson::minify(value));
    return std::nullopt;
  }
  const Field item = item_of(field);
  writer.begin_object();
  for (const auto& [name, one] : members) {
    writer.key(name);
    if (auto problem = write_checked(writer, item, one, form))
      return "entry '" + std::string(name) + "' " + *problem;
  }
  writer.end_object();
  return std::nullopt;
}

}  // namespace

std::string choices_text(const Field& field) {
  std::string text;
  for (size_t index = 0; index < field.choices.size(); ++index) {
    if (index > 0) text += index + 1 == field.choices.size() ? " or " : ", ";
    text += '"' + field.choices[index] + '"';
  }
  return text;
}

std::string default_as_written(const Field& field) {
  if (field.type != Type::duration && field.type != Type::size && field.type != Type::time)
    return *field.fallback;
  int64_t amount = 0;
  std::from_chars(field.fallback->data(), field.fallback->data() + field.fallback->size(), amount);
  std::string out;
  if (field.type == Type::duration) {
    append_json_string(out, format_duration(Millis(amount)));
  } else if (field.type == Type::time) {
    append_json_string(out, format_time_utc(amount));
  } else {
    out = *field.fallback;
  }
  return out;
}

std::optional<std::string> write_checked(JsonWriter& writer, const Field& field,
                                         const element& value, Form form) {
  if (is_marked(value, "$planned")) {  // a dry run's placeholder has no type yet
    writer.raw(simdjson::minify(value));
    return std::nullopt;
  }
  switch (field.type) {
    case Type::string:
      return write_string(writer, field, value);
    case Type::integer:
      return write_integer(writer, field, value);
    case Type::number:
      return write_number(writer, field, value);
    case Type::duration:
    case Type::size:
    case Type::time:
      return write_unit(writer, field, value, form);
    case Type::list:
      return write_list(writer, field, value, form);
    case Type::map:
      return write_map(writer, field, value, form);
    case Type::choice:
      return write_choice(writer, field, value);
    case Type::boolean:
      if (!value.is_bool()) return expected("true or false", value);
      break;
    case Type::secret:
      if (!is_marked(value, "$secret"))
        return "takes a reference, secret(\"name\"), never the value itself";
      break;
    case Type::any:
      if (!field.secrets && holds_secret(simdjson::minify(value))) return "does not take a secret";
      break;
  }
  writer.raw(simdjson::minify(value));
  return std::nullopt;
}

}  // namespace engine::ops
