// Comparing JSON as scripts see it: 1 and 1.0 are the same.
#include "engine/runs/match.h"

#include "engine/base/json_read.h"

namespace engine::runs {

namespace {

bool holds(JsonElement wanted, JsonElement value) {
  if (wanted.is_object()) {
    if (!value.is_object()) return false;
    for (const auto& [name, field] : simdjson::dom::object(wanted)) {
      const auto found = json_member(value, name);
      if (!found ? !field.is_null() : !holds(field, *found)) return false;
    }
    return true;
  }
  if (wanted.is_number() && value.is_number()) return double(wanted) == double(value);
  return json_text(wanted) == json_text(value);
}

}  // namespace

bool holds(std::string_view wanted, std::string_view value) {
  const Result<JsonDocument> want = read_json(wanted);
  const Result<JsonDocument> have = read_json(value);
  return want && have && holds(want->root(), have->root());
}

}  // namespace engine::runs
