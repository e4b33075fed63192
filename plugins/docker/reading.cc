// Over simdjson's DOM.
#include "plugins/docker/reading.h"

namespace engine::docker {

namespace {

constexpr std::string_view kNever = "0001-01-01T00:00:00Z";

bool holds_dollar(std::string_view text) { return text.find('$') != std::string_view::npos; }

void append_escaped(JsonWriter& json, element value) {
  if (value.is_array()) {
    json.begin_array();
    for (const element item : array(value)) append_escaped(json, item);
    json.end_array();
  } else if (value.is_object()) {
    json.begin_object();
    for (const auto& [key, member] : object(value)) {
      json.key(key.starts_with('$') ? "$" + std::string(key) : std::string(key));
      append_escaped(json, member);
    }
    json.end_object();
  } else {
    json.raw(simdjson::minify(value));
  }
}

}  // namespace

Result<Document> Document::read(std::string_view body) {
  auto document = read_json(body);
  if (!document) {
    return fail(code::kFailed, "the Docker daemon answered with what is no JSON: " +
                                   (is_utf8(body) ? shortened(body, 200) : std::string("bytes")));
  }
  return Document(std::move(*document));
}

std::optional<element> member_at(element value, std::string_view path) {
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    element next;
    if (value.at_key(path.substr(0, slash)).get(next) || next.is_null()) return std::nullopt;
    value = next;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return value;
}

std::string_view text_at(element value, std::string_view path) {
  std::string_view text;
  const auto found = member_at(value, path);
  return found && !found->get(text) ? text : std::string_view();
}

int64_t integer_at(element value, std::string_view path) {
  const auto found = member_at(value, path);
  if (!found) return 0;
  int64_t integer = 0;
  if (!found->get(integer)) return integer;
  uint64_t large = 0;
  if (!found->get(large)) return INT64_MAX;
  double number = 0;
  return found->get(number) ? 0 : static_cast<int64_t>(std::clamp(number, -9.2e18, 9.2e18));
}

double number_at(element value, std::string_view path) {
  double number = 0;
  const auto found = member_at(value, path);
  return found && !found->get(number) ? number : 0;
}

bool boolean_at(element value, std::string_view path) {
  bool flag = false;
  const auto found = member_at(value, path);
  return found && !found->get(flag) && flag;
}

std::vector<element> items_at(element value, std::string_view path) {
  std::vector<element> items;
  array list;
  const auto found = member_at(value, path);
  if (!found || found->get(list)) return items;
  for (const element item : list) items.push_back(item);
  return items;
}

void append_value(JsonWriter& json, element value) {
  const std::string text = simdjson::minify(value);
  if (holds_dollar(text)) return append_escaped(json, value);
  json.raw(text);
}

void field_value(JsonWriter& json, std::string_view name, element value, std::string_view path,
                 std::string_view otherwise) {
  json.key(name);
  if (const auto found = member_at(value, path)) return append_value(json, *found);
  json.raw(otherwise);
}

void field_time(JsonWriter& json, std::string_view name, std::string_view docker_time) {
  json.key(name);
  if (docker_time.empty() || docker_time == kNever) {
    json.null();
  } else if (const auto ms = parse_time(docker_time)) {
    json.string(format_time_utc(*ms));
  } else {
    json.string(docker_time);
  }
}

void field_seconds(JsonWriter& json, std::string_view name, int64_t since_1970) {
  json.field(name, format_time_utc(since_1970 * 1000));
}

std::string_view bare_name(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

}  // namespace engine::docker
