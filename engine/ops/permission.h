// What a runbook may do: reads always, the rest as it states, narrowed by the operator and never
// widened.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/ops/operation.h"

namespace engine::ops {

// One grant: "fs:change" (every operation of fs up to that effect; destroy includes change) or
// "process.exec" (one operation, whatever its effect).
struct Grant {
  std::string name;    // plugin or operation
  std::string effect;  // "read", "change", "destroy"; empty: one operation
};

class Permissions {
 public:
  // INVALID_ARGUMENT names the entry that is neither form.
  static Result<Permissions> parse(const std::vector<std::string>& entries);
  // A person's own call: everything.
  static Permissions all();
  // What the function of a Lua plugin's operation may call: what the plugin `uses`, up to the
  // operation's own effect.
  static Result<Permissions> of(const Operation& scripted);

  bool allow(const Operation& op, Effect effect) const;
  const Operation* scripted() const { return scripted_; }  // null: a runbook's

 private:
  std::vector<Grant> grants_;
  bool all_ = false;
  const Operation* scripted_ = nullptr;
};

// The operator's bounds, from the configuration.
struct OperatorPolicy {
  std::vector<Grant> deny;
  std::vector<Grant> allow;  // an upper bound where not empty
};
Result<std::vector<Grant>> parse_grants(const std::vector<std::string>& entries);

// PERMISSION_DENIED names what is missing and the line to add, or the operator's setting that
// refuses.
Result<void> check_permission(const Operation& op, Effect effect, const Permissions& stated,
                              const OperatorPolicy& policy);

}  // namespace engine::ops
