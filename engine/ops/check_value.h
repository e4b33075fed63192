// One value against one declared field; the inside of the argument check.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "engine/base/json.h"
#include "engine/ops/check.h"

namespace engine::ops {

// Writes the value in the asked form, or says what is wrong with it ("takes an integer, not
// \"x\"").
std::optional<std::string> write_checked(JsonWriter& writer, const Field& field,
                                         const simdjson::dom::element& value, Form form);
// The default as a user would have written it.
std::string default_as_written(const Field& field);
std::string choices_text(const Field& field);  // a, b or c

}  // namespace engine::ops
