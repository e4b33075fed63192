#include "engine/cli/event_lines.h"

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "engine/base/units.h"
#include "engine/ops/describe.h"

namespace engine::cli {

namespace {

constexpr size_t kSubjectSigns = 12;

std::string field_lines(std::string_view heading, const std::vector<ops::Field>& fields) {
  if (fields.empty()) return "";
  std::string text =
      "| " + std::string(heading) + " | type | default | meaning |\n|---|---|---|---|\n";
  for (const ops::Field& field : fields) {
    const std::string fallback = ops::default_text(field);
    text += "| `" + field.name + "` | " + ops::type_text(field) + " | " +
            (fallback.empty() ? "" : "`" + fallback + "`") + " | " + field.help + " |\n";
  }
  return text + "\n";
}

}  // namespace

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string source_text(const plugin::EventSource& source) {
  std::string text = source.kinds.empty() ? "" : "Kinds: " + joined(source.kinds) + ".";
  std::vector<std::string> names;
  for (const ops::Field& field : source.fields) names.push_back(field.name);
  if (!names.empty()) text += (text.empty() ? "" : " ") + ("Tells " + joined(names) + ".");
  return text;
}

std::string source_json(const plugin::EventSource& source) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("name", source.name).field("summary", source.summary);
  json.key("kinds").begin_array();
  for (const std::string& kind : source.kinds) json.string(kind);
  json.end_array().key("params").begin_array();
  for (const ops::Field& field : source.params) ops::append_field(json, field);
  json.end_array().key("fields").begin_array();
  for (const ops::Field& field : source.fields) ops::append_field(json, field);
  json.end_array().end_object();
  return out;
}

std::string event_line(const plugin::Event& event, const Terminal& terminal) {
  const Result<JsonDocument> data = read_json(event.data);
  const auto name = data ? json_string(data->root(), "name") : std::nullopt;
  const std::string subject =
      name && !name->empty() ? std::string(*name) : event.subject.substr(0, kSubjectSigns);
  return terminal.painted(Paint::dim, format_time_local(event.at_ms)) + " " +
         terminal.painted(Paint::bold, made_visible(event.kind)) + " " + made_visible(subject) +
         " " + terminal.painted(Paint::dim, made_visible(event.data)) + "\n";
}

std::string event_json(const std::string& source, const plugin::Event& event) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("source", source)
      .field("kind", event.kind)
      .field("at", format_time_utc(event.at_ms))
      .field("subject", event.subject)
      .field_raw("data", event.data)
      .field("cursor", event.cursor)
      .end_object();
  return out;
}

std::string events_page(const std::vector<plugin::EventSource>& sources) {
  std::string text = "# Events\n\n<!-- Made by `engine docs`; do not edit. -->\n\n";
  text +=
      "What can be followed with `engine events SOURCE`. Each event has a `kind`, a time `at`, the "
      "id of its `subject`, its own `data`, and a `cursor`: `--since CURSOR` goes on behind "
      "it.\n\n";
  for (const plugin::EventSource& source : sources) {
    text += "## " + source.name + "\n\n" + source.summary + "\n\n";
    if (!source.kinds.empty()) text += "Kinds: " + joined(source.kinds) + ".\n\n";
    text += field_lines("parameter", source.params) + field_lines("data", source.fields);
  }
  text.pop_back();
  return text;
}

}  // namespace engine::cli
