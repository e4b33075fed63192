// Declared parameters as flags, and flags back into the JSON that the argument check takes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/arguments.h"
#include "engine/cli/command.h"
#include "engine/ops/operation.h"

namespace engine::cli {

// One flag a parameter: a boolean is a switch with --no-NAME, a list and a map may be repeated, a
// secret takes its name.
std::vector<Flag> flags_of(std::span<const ops::Field> fields);

// What was given, by the declared types. A value that does not fit its type stays a string, so that
// the argument check finds it. Lists: --tag a --tag b, or one JSON list; maps: --label key=value,
// or one JSON object.
Result<std::string> arguments_json(std::span<const ops::Field> fields, const Parsed& parsed);

// The same flags but for those that the command, or every command, has already.
std::vector<Flag> flags_beside(const Command& command, std::span<const ops::Field> fields);
// What was given for the parameters alone; one that is named like a flag of ours is given as
// --param NAME=VALUE
// (`flag` is "param").
Result<Parsed> with_named(Parsed parsed, const Command& command, std::span<const ops::Field> fields,
                          std::string_view flag);

}  // namespace engine::cli
