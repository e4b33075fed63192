// A runbook's values as Docker reads them: keys without their escape, and what several operations
// say in the same way.
#pragma once

#include <map>

#include "plugins/docker/client.h"
#include "plugins/docker/reading.h"

namespace engine::docker {

// The members of an object by name, each complete JSON text; what is written later replaces what
// was before.
class Members {
 public:
  void set(std::string name, std::string json) { members_[std::move(name)] = std::move(json); }
  void set_text(std::string name, std::string_view text);
  void set_integer(std::string name, int64_t value) { set(std::move(name), std::to_string(value)); }
  void set_flag(std::string name) { set(std::move(name), "true"); }  // only where it is true
  bool empty() const { return members_.empty(); }
  std::string json() const;

 private:
  std::map<std::string, std::string> members_;
};

// A value of a runbook as the world reads it: '$' is taken off the keys that have it doubled.
// INVALID_ARGUMENT for bytes that are no text.
Result<std::string> plain_json(std::string_view json);
// Every member of the map parameter `param`, as it is: Docker's own names.
Result<void> add_options(Members& members, const plugin::Args& args, std::string_view param);

// "NAME=value", secrets resolved; nothing where `env` was not given.
Result<void> add_env(Members& members, const Call& call);
// memory, memory_swap, cpus, pids and restart, as they were given.
Result<void> add_limits(Members& host_config, const plugin::Args& args);

}  // namespace engine::docker
