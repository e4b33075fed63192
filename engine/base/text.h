// Small things done to text that more than one module needs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
// The candidate nearest to `word` (at most a third of its length in edits), for "did you mean".
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);
// Cuts at a UTF-8 boundary and appends "..." when longer than `bytes_max`.
std::string shortened(std::string_view text, size_t bytes_max);

}  // namespace engine
