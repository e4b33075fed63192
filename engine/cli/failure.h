// A run's error for a person: code, message, operation, hint, the runbook's line with a caret, the
// traceback.
#pragma once

#include <string>
#include <string_view>

#include "engine/cli/terminal.h"

namespace engine::cli {

// `error` is the JSON of a run's outcome.
std::string failure_text(std::string_view error, const Terminal& terminal);

}  // namespace engine::cli
