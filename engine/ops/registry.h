// Every operation the process knows, by name; plugins fill it, some only when a name under them is
// first looked up.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ops/operation.h"

namespace engine::ops {

class Registry {
 public:
  // Refuses a bad or duplicate declaration, in words that name it.
  Result<void> add(Operation operation);
  // `load` fills the registry with the operations under "plugin."; it is called at most once, when
  // one of them is first needed. What it fails with is what a call of any of them fails with.
  using Load = std::function<Result<void>(Registry& registry)>;
  void add_lazy(std::string plugin, Load load);
  // Called at most once, when a name is asked for that is no plugin's so far: the moment to look
  // into folders.
  void on_unknown_plugin(std::function<void(Registry& registry)> discover);

  // NOT_FOUND with "did you mean"; the load's own error where the plugin could not be loaded.
  Result<const Operation*> find(std::string_view name);
  // Names directly under `prefix` ("" -> plugins; "docker" -> "container", "image"; "fs" -> "read",
  // ...), sorted.
  Result<std::vector<std::string>> children(std::string_view prefix);
  bool is_plugin(std::string_view name);
  // All operations, sorted by name; loads every plugin. Plugins that can't be loaded are left out.
  std::vector<const Operation*> all();

 private:
  Result<void> load(std::string_view plugin);
  bool known(std::string_view plugin) const;
  void discover();

  std::map<std::string, std::unique_ptr<Operation>, std::less<>> operations_;
  std::map<std::string, Load, std::less<>> lazy_;
  std::map<std::string, Result<void>, std::less<>> loaded_;
  std::function<void(Registry&)> discover_;
};

}  // namespace engine::ops
