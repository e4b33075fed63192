// simdjson behind json_read.h.
#include "engine/base/json_read.h"

#include <vector>

#include "engine/base/json.h"

namespace engine {
namespace {

using simdjson::dom::parser;

constexpr size_t kPooledMax = 8;
// A parser keeps about five times the size of its largest document; only small ones are kept.
constexpr size_t kPooledCapacityMax = 256 * 1024;

std::vector<std::unique_ptr<parser>>& pool() {
  static thread_local std::vector<std::unique_ptr<parser>> parsers;
  return parsers;
}

std::unique_ptr<parser> take_parser() {
  if (pool().empty()) return std::make_unique<parser>();
  std::unique_ptr<parser> taken = std::move(pool().back());
  pool().pop_back();
  return taken;
}

// A type as requested, of the element itself.
template <class T>
std::optional<T> as(std::optional<JsonElement> element) {
  T value{};
  if (!element || element->get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

}  // namespace

JsonDocument::JsonDocument(std::unique_ptr<parser> parser) : parser_(std::move(parser)) {}

JsonDocument::~JsonDocument() {
  if (!parser_ || parser_->capacity() > kPooledCapacityMax || pool().size() >= kPooledMax) return;
  pool().push_back(std::move(parser_));
}

Result<JsonDocument> read_json(std::string_view text) {
  std::unique_ptr<parser> parser = take_parser();
  if (parser->max_depth() != kJsonDepthMax) {
    const auto error = parser->allocate(simdjson::dom::MINIMAL_DOCUMENT_CAPACITY, kJsonDepthMax);
    if (error != simdjson::SUCCESS) return fail(code::kResourceExhausted, "no memory to read JSON");
  }
  JsonElement root;
  const simdjson::error_code error = parser->parse(text.data(), text.size(), true).get(root);
  switch (error) {
    case simdjson::SUCCESS:
      return JsonDocument(std::move(parser));
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
      return fail(code::kResourceExhausted, "the JSON text is too large");
    case simdjson::DEPTH_ERROR:
      return fail(code::kInvalidArgument, "the JSON text is nested more than " +
                                              std::to_string(kJsonDepthMax) + " levels deep");
    default:
      return fail(code::kInvalidArgument, "not valid JSON: " + json_fault(text));
  }
}

std::optional<JsonElement> json_member(JsonElement value, std::string_view name) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return std::nullopt;
  JsonElement member;
  if (object.at_key(name).get(member) != simdjson::SUCCESS || member.is_null()) return std::nullopt;
  return member;
}

std::optional<std::string_view> json_string(JsonElement value, std::string_view name) {
  return as<std::string_view>(json_member(value, name));
}

std::optional<int64_t> json_integer(JsonElement value, std::string_view name) {
  return as<int64_t>(json_member(value, name));
}

std::optional<bool> json_boolean(JsonElement value, std::string_view name) {
  return as<bool>(json_member(value, name));
}

std::optional<std::string> json_bytes(JsonElement value) {
  if (const auto text = as<std::string_view>(value)) return std::string(*text);
  const auto encoded = json_string(value, "$bytes");
  if (!encoded) return std::nullopt;
  Result<std::string> bytes = base64_decode(*encoded);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

namespace {

void append_value(JsonWriter& json, JsonElement value) {
  switch (value.type()) {
    case simdjson::dom::element_type::ARRAY:
      json.begin_array();
      for (const JsonElement item : simdjson::dom::array(value.get_array().value_unsafe())) {
        append_value(json, item);
      }
      json.end_array();
      return;
    case simdjson::dom::element_type::OBJECT:
      json.begin_object();
      for (const auto& [name, item] : simdjson::dom::object(value.get_object().value_unsafe())) {
        json.key(name);
        append_value(json, item);
      }
      json.end_object();
      return;
    case simdjson::dom::element_type::STRING:
      json.string(value.get_string().value_unsafe());
      return;
    case simdjson::dom::element_type::INT64:
      json.integer(value.get_int64().value_unsafe());
      return;
    case simdjson::dom::element_type::UINT64:
      json.unsigned_integer(value.get_uint64().value_unsafe());
      return;
    case simdjson::dom::element_type::DOUBLE:
      json.number(value.get_double().value_unsafe());
      return;
    case simdjson::dom::element_type::BOOL:
      json.boolean(value.get_bool().value_unsafe());
      return;
    case simdjson::dom::element_type::NULL_VALUE:
      json.null();
      return;
  }
}

}  // namespace

std::string json_text(JsonElement value) {
  std::string out;
  JsonWriter json(out);
  append_value(json, value);
  return out;
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

Error error_from_json(std::string_view json) {
  const Result<JsonDocument> document = read_json(json);
  if (!document || !json_string(document->root(), "code")) {
    return Error(code::kInternal,
                 "an error that cannot be read: " + std::string(json.substr(0, 200)));
  }
  const JsonElement root = document->root();
  const auto text = [root](std::string_view name) {
    const auto value = json_member(root, name);
    return value ? json_bytes(*value).value_or("") : "";
  };
  Error error(text("code"), text("message"), text("hint"));
  error.operation = text("operation");
  if (const auto details = json_member(root, "details")) error.details = json_text(*details);
  error.retryable = json_boolean(root, "retryable").value_or(false);
  error.outcome_unknown = json_boolean(root, "outcome_unknown").value_or(false);
  return error;
}

}  // namespace engine
