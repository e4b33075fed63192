// JSON on its way out and in: a runbook's values hold secrets and escaped keys, the world's do not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/plugin/plugin.hpp"

namespace engine::http_plugin {

// The parameter's value as the world reads it, its secrets resolved.
Result<std::string> json_body(const plugin::Call& call, std::string_view param);
// The text as a value of ours, itself where nothing in it has to be escaped; nothing if it is no
// JSON.
std::optional<std::string> json_answer(std::string_view text);

}  // namespace engine::http_plugin
