// A plugin written in Lua: a file that returns a table, which declares what a native plugin
// declares in C.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/lua/outside.h"
#include "engine/ops/operation.h"

namespace engine::ops {
class Registry;
}

namespace engine::lua {

struct PluginSource {
  std::string name;    // the folder's
  std::string source;  // for positions: "plugins/caddy/plugin.lua"
  std::string file, text;
};

struct PluginDeclaration {
  std::string version, summary;
  std::vector<ops::Field> config;
  std::vector<std::string> uses;           // "http:change", "process.exec"
  std::vector<ops::Operation> operations;  // without `script`
};

// The text of the module `name` that the file `from` requires.
using FindModule =
    std::function<Result<Outside::Module>(std::string_view name, std::string_view from)>;

// Runs the file's top level, which can wait for nothing, and reads what it returns.
// INVALID_ARGUMENT opens with the file and the line.
Result<PluginDeclaration> read_plugin(const PluginSource& plugin, ops::Registry& registry,
                                      const FindModule& modules);

}  // namespace engine::lua
