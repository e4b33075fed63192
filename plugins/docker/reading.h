// Docker's JSON on its way to ours: read once, written straight out as text.
#pragma once

#include "engine/plugin/json.hpp"

namespace engine::docker {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// A parsed answer; elements live as long as it does.
class Document {
 public:
  // FAILED for what is no JSON.
  static Result<Document> read(std::string_view body);
  element root() const { return document_.root(); }

 private:
  explicit Document(JsonDocument document) : document_(std::move(document)) {}
  JsonDocument document_;
};

// Members by name: empty, 0 or false where there is none of that type. A path is written with
// slashes, "State/Health/Status"; the empty one is the value itself.
std::string_view text_at(element value, std::string_view path);
int64_t integer_at(element value, std::string_view path);  // also of what is beyond int64
double number_at(element value, std::string_view path);
bool boolean_at(element value, std::string_view path);
std::optional<element> member_at(element value, std::string_view path);  // neither absent nor null
// No items where it is null or absent.
std::vector<element> items_at(element value, std::string_view path);

// Docker's value as one of ours: a key that begins with '$' has it doubled.
void append_value(JsonWriter& json, element value);
// The member at `path`, or `otherwise` ("null", "{}", "[]") where there is none.
void field_value(JsonWriter& json, std::string_view name, element value, std::string_view path,
                 std::string_view otherwise);
// A point in time as all our answers have it, 2026-11-21T02:00:00.000Z; null where Docker says
// "never".
void field_time(JsonWriter& json, std::string_view name, std::string_view docker_time);
void field_seconds(JsonWriter& json, std::string_view name, int64_t since_1970);

// "/db" -> "db"
std::string_view bare_name(std::string_view name);

}  // namespace engine::docker
