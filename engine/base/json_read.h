// Reading JSON text: simdjson's DOM with our bounds, pooled parsers and error words for people.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace engine {

using JsonElement = simdjson::dom::element;

// A parsed document. Elements taken from it live as long as it does. Documents may nest: each has a
// parser of its own, taken from the thread's pool and given back at the end.
class JsonDocument {
 public:
  explicit JsonDocument(std::unique_ptr<simdjson::dom::parser> parser);
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept = default;
  JsonDocument& operator=(JsonDocument&&) noexcept = default;

  JsonElement root() const { return parser_->doc.root(); }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
};

// Strict RFC 8259, nested at most kJsonDepthMax deep; INVALID_ARGUMENT tells line and column.
Result<JsonDocument> read_json(std::string_view text);

// The member `name` of an object; nothing if it is absent, null, or `value` is no object.
std::optional<JsonElement> json_member(JsonElement value, std::string_view name);
// The same, of the given type; nothing if it has another type.
std::optional<std::string_view> json_string(JsonElement value, std::string_view name);
std::optional<int64_t> json_integer(JsonElement value, std::string_view name);
std::optional<bool> json_boolean(JsonElement value, std::string_view name);

// A string, or the bytes of {"$bytes": base64}; nothing for any other value.
std::optional<std::string> json_bytes(JsonElement value);
// The value's own text, compact.
std::string json_text(JsonElement value);

// Where and why `text` is not JSON: "line 3, column 7: a ',' or '}' is expected". Slow; for errors
// alone.
std::string json_fault(std::string_view text);

}  // namespace engine
