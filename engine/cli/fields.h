// Declared parameters as flags, and flags back into the JSON that the argument check takes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/cli/arguments.h"
#include "engine/ops/operation.h"

namespace engine::cli {

// One flag a parameter: a boolean is a switch with --no-NAME, a list and a map may be repeated, a secret takes its name.
std::vector<Flag> flags_of(std::span<const ops::Field> fields);

// What was given, by the declared types. A value that does not fit its type stays a string, so that the argument check
// finds it. Lists: --tag a --tag b, or one JSON list; maps: --label key=value, or one JSON object.
Result<std::string> arguments_json(std::span<const ops::Field> fields, const Parsed& parsed);

}  // namespace engine::cli
