// Event sources and events in words and as JSON.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/terminal.h"
#include "engine/plugin/sources.h"

namespace engine::cli {

// "create, die, start"
std::string joined(const std::vector<std::string>& words);
// Kinds and fields, for help.
std::string source_text(const plugin::EventSource& source);
std::string source_json(const plugin::EventSource& source);

// One line each.
std::string event_line(const plugin::Event& event, const Terminal& terminal);
std::string event_json(const std::string& source, const plugin::Event& event);

// The reference page of all sources.
std::string events_page(const std::vector<plugin::EventSource>& sources);

}  // namespace engine::cli
