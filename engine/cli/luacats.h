// Annotations in the LuaCATS form for editors: every operation, the words of a runbook, and the
// modules that runbooks require.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/ops/operation.h"

namespace engine::cli {

// File names ("fs.lua") and texts: a file for each plugin, and "engine.lua" for the words.
std::vector<std::pair<std::string, std::string>> operation_stubs(
    std::span<const ops::Operation* const> operations);
// The annotations and heads of the public functions of a module's own text; `name` is what is
// required ("std.units").
std::string module_stub(std::string_view name, std::string_view text);

}  // namespace engine::cli
