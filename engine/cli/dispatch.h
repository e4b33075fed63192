// From a command line to an exit code.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/terminal.h"

namespace engine::cli {

int dispatch(Variables variables, std::vector<std::string> arguments);

}  // namespace engine::cli
