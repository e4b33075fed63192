// JSON text: the form in which arguments and results travel and are kept. Writing is here; reading
// is simdjson's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace engine {

inline constexpr int kJsonDepthMax = 64;

// Appends one JSON document to a string, placing commas itself. Text that is not UTF-8 is written
// as
// {"$bytes": base64}; the caller escapes keys of its own that begin with '$' by doubling it.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(int64_t value);
  JsonWriter& unsigned_integer(uint64_t value);
  JsonWriter& number(double value);  // NaN and infinities become null
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // a complete JSON value

  JsonWriter& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, const char* text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, int64_t value) { return key(name).integer(value); }
  JsonWriter& field(std::string_view name, int value) { return key(name).integer(value); }
  JsonWriter& field(std::string_view name, double value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonWriter& field_raw(std::string_view name, std::string_view json) {
    return key(name).raw(json);
  }

 private:
  void separate();
  std::string& out_;
  bool fresh_ = true;  // no value yet at this level, or just after a key
};

// Appends `text` as a JSON string, quotes included; the text must be UTF-8.
void append_json_string(std::string& out, std::string_view text);
bool is_utf8(std::string_view text);
std::string base64_encode(std::string_view bytes);
Result<std::string> base64_decode(std::string_view text);

// The error as the journal, the API and `-o json` show it:
// {"code","message","hint"?,"operation"?,"details"?,...}.
void append_error_json(std::string& out, const Error& error);
// Reads what append_error_json wrote; text that is not that becomes an INTERNAL error.
Error error_from_json(std::string_view json);

}  // namespace engine
