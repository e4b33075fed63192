// From an answer to the result of http.request, or to the error that its status means.
#pragma once

#include "engine/plugin/http.hpp"

namespace engine::http_plugin {

std::string result_json(const plugin::Response& response, int64_t duration_ms);
// What a status of 400 and above means.
Error status_error(const std::string& method, const plugin::Response& response);

}  // namespace engine::http_plugin
