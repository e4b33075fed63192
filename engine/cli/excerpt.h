// Shows a place in a file: "file:line:column: error: message", the line, a caret under the column,
// the hint.
#pragma once

#include <string>
#include <string_view>

#include "engine/cli/terminal.h"
#include "engine/config/config.h"

namespace engine::cli {

// `column` counts bytes from 1; 0 shows the line without a caret.
std::string excerpt(std::string_view source, int line, int column, const Terminal& terminal);

std::string problem_text(const config::Problem& problem, std::string_view severity,
                         const Terminal& terminal);

}  // namespace engine::cli
