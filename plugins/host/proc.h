// Reading the kernel's small text files: what every part of this plugin begins with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plugin/plugin.hpp"

namespace engine::host {

// The whole text of a kernel file, whose size cannot be known before.
Result<std::string> read_text(const std::string& path);
// The parts between blanks, tabs and line ends.
std::vector<std::string_view> words(std::string_view text);
std::vector<std::string_view> lines(std::string_view text);
// Decimal digits and nothing else.
std::optional<uint64_t> number(std::string_view text);
// Of 100, to one decimal; 0 when the whole is 0.
double percent(double part, double whole);
// The pids under a /proc folder, ascending.
std::vector<int> pids(const std::string& proc);

}  // namespace engine::host
