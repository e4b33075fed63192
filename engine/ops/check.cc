// The argument check. One value at a time, written straight into the normalised text.
#include "engine/ops/check.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/ops/check_value.h"

namespace engine::ops {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// One parser a thread, its buffers reused; documents die before the next parse.
Result<element> parse(std::string_view json) {
  thread_local simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root)) {
    return fail(code::kInvalidArgument, std::string("not JSON: ") + simdjson::error_message(error));
  }
  return root;
}

std::string shown(const Field& field) {
  if (field.type == Type::choice) return "one of " + choices_text(field);
  if (field.type == Type::duration) return "a duration such as \"30s\"";
  if (field.type == Type::size) return "a size such as \"64KiB\"";
  if (field.type == Type::time) return "a time such as \"2026-11-21T02:00:00Z\"";
  const std::string name(name_of(field.type));
  return (field.type == Type::integer ? "an " : "a ") + name;
}

Error wrong(std::string_view subject, std::string_view what, const Field& field,
            std::string_view problem) {
  std::string message(subject);
  message += ": " + std::string(what) + " '" + field.name + "' " + std::string(problem);
  return Error(code::kInvalidArgument, std::move(message));
}

Error unknown(std::string_view subject, std::string_view what, std::span<const Field> fields,
              std::string_view name) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  std::string message(subject);
  message += ": there is no " + std::string(what) + " '" + std::string(name) + "'";
  if (const auto near = nearest(name, names)) message += "; did you mean '" + *near + "'?";
  return Error(code::kInvalidArgument, std::move(message));
}

// References to secrets tell nothing, and are what the journal is to keep; all beside them is
// replaced.
void write_replaced(JsonWriter& writer, element value, const Instead& instead) {
  const std::string text = simdjson::minify(value);
  object members;
  simdjson::dom::array items;
  if (text.starts_with(R"({"$secret":)")) {
    writer.raw(text);
  } else if (!holds_secret(text)) {
    writer.raw(instead(text));
  } else if (!value.get(members)) {
    writer.begin_object();
    for (const auto& [name, member] : members) {
      writer.key(name);
      write_replaced(writer, member, instead);
    }
    writer.end_object();
  } else if (!value.get(items)) {
    writer.begin_array();
    for (const element item : items) write_replaced(writer, item, instead);
    writer.end_array();
  }
}

}  // namespace

Result<std::string> check_fields(std::string_view subject, std::string_view what,
                                 std::span<const Field> fields, std::string_view given, Form form) {
  Result<element> root = parse(given.empty() ? std::string_view("{}") : given);
  if (!root)
    return fail(code::kInvalidArgument, std::string(subject) + ": " + root.error().message);
  object members;
  if (root->get(members)) {
    // An empty Lua table is an empty list, and `op{}` is a call without arguments.
    simdjson::dom::array list;
    if (root->get(list) || list.size() != 0) {
      return fail(code::kInvalidArgument,
                  std::string(subject) + " takes one table of named arguments");
    }
  }
  const bool none = root->type() != element_type::OBJECT;
  if (!none) {
    for (const auto& [name, value] : members) {
      bool known = false;
      for (const Field& field : fields) known = known || field.name == name;
      if (!known) return std::unexpected(unknown(subject, what, fields, name));
    }
  }

  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  for (const Field& field : fields) {
    element value;
    if (!none && !members.at_key(field.name).get(value) && !value.is_null()) {
      writer.key(field.name);
      if (const auto problem = write_checked(writer, field, value, form)) {
        return std::unexpected(wrong(subject, what, field, *problem));
      }
    } else if (field.fallback) {
      writer.key(field.name)
          .raw(form == Form::normalised ? *field.fallback : default_as_written(field));
    } else if (field.required) {
      return std::unexpected(wrong(subject, what, field, "is missing; it takes " + shown(field)));
    }
  }
  writer.end_object();
  return out;
}

Result<std::string> check_args(const Operation& op, std::string_view given) {
  Result<std::string> args = check_fields(op.name, "parameter", op.params, given, Form::normalised);
  if (!args) {
    args.error().operation = op.name;
    args.error().hint = "call it as " + signature(op);
  }
  return args;
}

std::string signature(const Operation& op) {
  std::string text = op.name + "{";
  bool first = true;
  for (const Field& field : op.params) {
    text += first ? " " : ", ";
    first = false;
    std::string one = field.name + " = ";
    one += field.type == Type::choice ? "<" + choices_text(field) + ">"
                                      : "<" + std::string(name_of(field.type)) + ">";
    text += field.required ? one : "[" + one + "]";
  }
  return text + (first ? "}" : " }");
}

Result<double> parse_limit(Type type, std::string_view text) {
  if (type == Type::duration) {
    const Result<Millis> duration = parse_duration(text);
    if (!duration) return std::unexpected(duration.error());
    return static_cast<double>(duration->count());
  }
  if (type == Type::size) {
    const Result<int64_t> size = parse_size(text);
    if (!size) return std::unexpected(size.error());
    return static_cast<double>(*size);
  }
  Result<element> number = parse(text);
  double value = 0;
  if (!number || number->get(value))
    return fail(code::kInvalidArgument, "'" + std::string(text) + "' is no limit");
  return value;
}

Result<void> set_default(Field& field, std::string_view json) {
  Result<element> value = parse(json);
  if (!value) return std::unexpected(value.error());
  std::string out;
  JsonWriter writer(out);
  if (const auto problem = write_checked(writer, field, *value, Form::normalised)) {
    return fail(code::kInvalidArgument, "the default of '" + field.name + "' " + *problem);
  }
  field.fallback = std::move(out);
  return {};
}

// A key of the user's own that begins with '$' has it doubled, and quotes inside a string are
// escaped: so these texts stand in JSON only where they are such a key.
bool holds_placeholder(std::string_view json) {
  return json.find("\"$planned\":") != std::string_view::npos;
}
bool holds_secret(std::string_view json) {
  return json.find("\"$secret\":") != std::string_view::npos;
}

void replace_sensitive(std::span<const Field> fields, std::string& json, const Instead& instead) {
  const auto is_sensitive = [](const Field& field) {
    return field.sensitive || field.type == Type::secret;
  };
  if (std::ranges::none_of(fields, is_sensitive)) return;
  Result<element> root = parse(json);
  object members;
  if (!root || root->get(members)) return;
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  for (const auto& [name, value] : members) {
    writer.key(name);
    const auto named = [&](const Field& field) {
      return is_sensitive(field) && field.name == name;
    };
    if (std::ranges::any_of(fields, named)) {
      write_replaced(writer, value, instead);
    } else {
      writer.raw(simdjson::minify(value));
    }
  }
  writer.end_object();
  json = std::move(out);
}

void redact(std::span<const Field> fields, std::string& json) {
  replace_sensitive(fields, json, [](std::string_view) { return std::string(kHidden); });
}

std::string target_of(const Operation& op, std::string_view args) {
  if (op.target.empty()) return {};
  Result<element> root = parse(args);
  element value;
  if (!root || root->at_key(op.target).get(value)) return {};
  simdjson::dom::array list;
  if (!value.get(list)) {
    element first;
    if (list.at(0).get(first)) return {};
    value = first;
  }
  std::string_view text;
  if (!value.get(text)) return std::string(text);
  return simdjson::minify(value);
}

}  // namespace engine::ops
