// Declarations as JSON: what `engine ops -o json`, the API and editors read.
#pragma once

#include <string>

#include "engine/base/json.h"
#include "engine/ops/operation.h"

namespace engine::ops {

// {"name","type","help","required","sensitive"?,"items"?,"default"?,"min"?,"max"?,"choices"?}
void append_field(JsonWriter& out, const Field& field);
// {"name","summary","effect","idempotent","timeout_ms","target"?,"params":[..],"results":[..],
// "errors":[..],
// ...}
std::string describe(const Operation& op);

// "duration", "list of string", "dev, staging or prod".
std::string type_text(const Field& field);
// The default as a person would write it, empty for none: 1h, 64KiB, true, ["a"].
std::string default_text(const Field& field);

}  // namespace engine::ops
