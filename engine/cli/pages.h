// The reference pages as Markdown, from the declarations of commands, settings and operations.
#pragma once

#include <span>
#include <string>

#include "engine/ops/operation.h"

namespace engine::cli {

std::string command_page();
std::string config_page();
std::string operation_page(std::span<const ops::Operation* const> operations);

}  // namespace engine::cli
