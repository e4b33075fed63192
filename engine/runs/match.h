// What a wait asks of a signal's data or of an event.
#pragma once

#include <string_view>

namespace engine::runs {

// Both are JSON. Of maps the fields that are named, of anything else the same.
bool holds(std::string_view wanted, std::string_view value);

}  // namespace engine::runs
