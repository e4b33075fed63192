// Every command, each in a file of its own.
#pragma once

#include "engine/cli/command.h"

namespace engine::cli {

Command config_show_command();
Command config_validate_command();
Command version_command();

}  // namespace engine::cli
