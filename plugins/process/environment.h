// The environment that a program gets.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/plugin/plugin.hpp"

namespace engine::process {

using Variables = std::vector<std::pair<std::string, std::string>>;

// What `given` says, over (with `inherit`) the few variables of the engine's own that programs
// need: paths, language, proxies and sockets, never the engine's settings and secrets. With `user`
// its home and name are that user's.
Result<std::vector<std::string>> environment(bool inherit, const std::string& user,
                                             const Variables& given);

// The value of NAME among NAME=value, or nothing.
std::string value_in(const std::vector<std::string>& environment, std::string_view name);

}  // namespace engine::process
