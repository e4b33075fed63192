// What the host knows of one plugin, from the file that was found to the one that runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/plugin/declaration.h"
#include "engine/plugin/host.h"

namespace engine::plugin {

struct Host::Plugin {
  std::string name, origin;
  bool builtin = false;
  std::function<Result<Entry>()> entry;  // a native one's
  std::shared_ptr<ops::Script> script;   // a Lua one's
  Declaration declaration;
  size_t operations = 0;
  engine_host lent{};
  void* self = nullptr;
  bool declared = false, started = false;
  std::string error;
  std::vector<std::string> hidden;  // files that declare a plugin of the same name
};

}  // namespace engine::plugin
