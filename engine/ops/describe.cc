#include "engine/ops/describe.h"

#include "engine/base/json_read.h"

namespace engine::ops {

void append_field(JsonWriter& out, const Field& field) {
  out.begin_object().field("name", field.name).field("type", name_of(field.type));
  out.field("help", field.help).field("required", field.required);
  if (field.sensitive) out.field("sensitive", true);
  if (field.secrets) out.field("secrets", true);
  if (field.item) out.field("items", name_of(*field.item));
  if (field.fallback) out.field_raw("default", *field.fallback);
  if (field.min) out.field("min", *field.min);
  if (field.max) out.field("max", *field.max);
  if (!field.choices.empty()) {
    out.key("choices").begin_array();
    for (const std::string& choice : field.choices) out.string(choice);
    out.end_array();
  }
  out.end_object();
}

std::string describe(const Operation& op) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("name", op.name).field("summary", op.summary);
  out.field("effect", name_of(op.effect))
      .field("effect_by_arguments", static_cast<bool>(op.effect_of));
  out.field("always_ask", op.always_allowed_by_name).field("idempotent", op.idempotent);
  out.field("timeout_ms", static_cast<int64_t>(op.timeout.count()));
  if (!op.target.empty()) out.field("target", op.target);
  out.field("preview", static_cast<bool>(op.preview)).field("probe", static_cast<bool>(op.probe));
  if (op.script) {
    out.field("lua", true).key("uses").begin_array();
    for (const std::string& entry : op.script->uses) out.string(entry);
    out.end_array();
  }
  out.key("params").begin_array();
  for (const Field& field : op.params) append_field(out, field);
  out.end_array().key("results").begin_array();
  for (const Field& field : op.results) append_field(out, field);
  out.end_array().key("errors").begin_array();
  for (const std::string& error : op.errors) out.string(error);
  out.end_array().end_object();
  return json;
}

std::string type_text(const Field& field) {
  if (field.type == Type::choice) {
    std::string text;
    for (size_t i = 0; i < field.choices.size(); ++i) {
      if (i > 0) text += i + 1 == field.choices.size() ? " or " : ", ";
      text += field.choices[i];
    }
    return text;
  }
  std::string text(name_of(field.type));
  if (field.item) text += " of " + std::string(name_of(*field.item));
  return text;
}

std::string default_text(const Field& field) {
  if (!field.fallback || *field.fallback == "null") return "";
  Result<JsonDocument> document = read_json(*field.fallback);
  if (!document) return *field.fallback;
  int64_t number = 0;
  std::string_view text;
  if (document->root().get(number) == simdjson::SUCCESS) {
    if (field.type == Type::duration) return format_duration(Millis(number));
    if (field.type == Type::size) return human_size(number);
    if (field.type == Type::time) return format_time_utc(number);
  }
  if (document->root().get(text) == simdjson::SUCCESS && !text.empty()) return std::string(text);
  return *field.fallback;
}

}  // namespace engine::ops
