// Reading a plugin's C declaration into the engine's own: whatever its version's structs look like,
// and checked.
#pragma once

#include <string>
#include <vector>

#include "engine/ops/operation.h"
#include "engine/plugin/plugin.h"
#include "engine/plugin/sources.h"

namespace engine::plugin {

// An event source: what people are shown of it, and the plugin's functions.
struct DeclaredSource {
  EventSource shown;
  engine_event_source functions{};
};

// A plugin's declaration, copied; the functions stay the plugin's.
struct Declaration {
  std::string name, version, summary;
  std::vector<ops::Field> config;
  std::vector<engine_operation> operations;  // each copied to this version's size
  std::vector<DeclaredSource> sources;
  engine_plugin functions{};  // start, stop, health
};

// INVALID_ARGUMENT in one clear line for a wrong ABI or a bad declaration. `expected_name`: the
// folder's.
Result<Declaration> read_declaration(const engine_plugin* plugin, const std::string& expected_name);

// All but how it is started.
Result<ops::Operation> read_operation(const std::string& plugin, const engine_operation& declared);

}  // namespace engine::plugin
