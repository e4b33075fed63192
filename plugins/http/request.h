// From the arguments of http.request to the request that goes out.
#pragma once

#include "engine/plugin/http.hpp"

namespace engine::http_plugin {

Result<plugin::Request> request_of(const plugin::Call& call);
engine_effect effect_of_method(std::string_view method);
// "a=1&b=two%20words"
std::string encoded_pairs(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace engine::http_plugin
