// The texts of --help, from the commands' own declarations.
#pragma once

#include <span>
#include <string>

#include "engine/cli/command.h"
#include "engine/cli/terminal.h"

namespace engine::cli {

std::string program_help(const Terminal& terminal);
// Of the commands that begin with the word: `engine config --help`.
std::string group_help(std::string_view word, const Terminal& terminal);
// `more` are flags that the command has for its subject: a runbook's parameters, under the heading
// `more_heading`.
std::string command_help(const Command& command, const Terminal& terminal,
                         std::span<const Flag> more = {}, std::string_view more_heading = {});

}  // namespace engine::cli
