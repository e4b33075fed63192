// A JSON value for a person: text as it is, lists of maps as tables, maps as lines.
#pragma once

#include <string>
#include <string_view>

#include "engine/cli/terminal.h"

namespace engine::cli {

// Ends in a newline; empty for null and for empty text.
std::string report_text(std::string_view json, const Terminal& terminal);

}  // namespace engine::cli
