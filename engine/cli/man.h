// Manual pages, one for the program and one for each command, from their declarations.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace engine::cli {

// File names ("engine-run.1") and texts.
std::vector<std::pair<std::string, std::string>> man_pages();

}  // namespace engine::cli
