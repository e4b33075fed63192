// Grants and who gives them.
#include "engine/ops/permission.h"

#include <algorithm>

namespace engine::ops {

namespace {

int rank(std::string_view effect) { return effect == "read" ? 0 : effect == "change" ? 1 : 2; }

bool covers(const Grant& grant, const Operation& op, Effect effect) {
  if (grant.effect.empty()) return grant.name == op.name;
  return grant.name == op.plugin() && !op.always_allowed_by_name &&
         rank(grant.effect) >= static_cast<int>(effect);
}

// A denied "docker:change" also denies what is worse.
bool hits(const Grant& grant, const Operation& op, Effect effect) {
  if (grant.effect.empty()) return grant.name == op.name;
  return grant.name == op.plugin() && static_cast<int>(effect) >= rank(grant.effect);
}

std::string deed(Effect effect) {
  return effect == Effect::destroy ? "destroys something" : "changes something";
}

std::string deed(const Operation& op, Effect effect) {
  return op.always_allowed_by_name ? "always has to be allowed by name" : deed(effect);
}

}  // namespace

Result<std::vector<Grant>> parse_grants(const std::vector<std::string>& entries) {
  std::vector<Grant> grants;
  for (const std::string& entry : entries) {
    const size_t colon = entry.find(':');
    Grant grant{entry.substr(0, colon), colon == std::string::npos ? "" : entry.substr(colon + 1)};
    const bool by_effect =
        grant.effect == "read" || grant.effect == "change" || grant.effect == "destroy";
    const bool named = colon == std::string::npos && grant.name.find('.') != std::string::npos;
    if (grant.name.empty() || (!by_effect && !named)) {
      return fail(code::kInvalidArgument, "'" + entry + "' is no permission",
                  "write \"plugin:change\", \"plugin:destroy\" or an operation's full name such as "
                  "\"process.exec\"");
    }
    grants.push_back(std::move(grant));
  }
  return grants;
}

Result<Permissions> Permissions::parse(const std::vector<std::string>& entries) {
  Result<std::vector<Grant>> grants = parse_grants(entries);
  if (!grants) return std::unexpected(grants.error());
  Permissions permissions;
  permissions.grants_ = std::move(*grants);
  return permissions;
}

Permissions Permissions::all() {
  Permissions permissions;
  permissions.all_ = true;
  return permissions;
}

Result<Permissions> Permissions::of(const Operation& scripted) {
  Result<Permissions> permissions = parse(scripted.script->uses);
  if (permissions) permissions->scripted_ = &scripted;
  return permissions;
}

bool Permissions::allow(const Operation& op, Effect effect) const {
  if (scripted_ && effect > scripted_->effect) return false;
  if (all_ || (effect == Effect::read && !op.always_allowed_by_name)) return true;
  return std::any_of(grants_.begin(), grants_.end(),
                     [&](const Grant& grant) { return covers(grant, op, effect); });
}

Result<void> check_permission(const Operation& op, Effect effect, const Permissions& stated,
                              const OperatorPolicy& policy) {
  const auto refuse = [&](std::string message, std::string hint) {
    Error error(code::kPermissionDenied, std::move(message), std::move(hint));
    error.operation = op.name;
    return std::unexpected(std::move(error));
  };
  for (const Grant& grant : policy.deny) {
    if (hits(grant, op, effect)) {
      const std::string entry = grant.name + (grant.effect.empty() ? "" : ":" + grant.effect);
      return refuse("the operator's configuration refuses " + op.name,
                    "permissions.deny lists \"" + entry + "\"; engine config show says where");
    }
  }
  const auto bounded = [&](const Grant& grant) { return covers(grant, op, effect); };
  if (!policy.allow.empty() && effect != Effect::read &&
      std::none_of(policy.allow.begin(), policy.allow.end(), bounded)) {
    return refuse("the operator's configuration does not allow " + op.name,
                  "permissions.allow does not include it; engine config show says where");
  }
  if (stated.allow(op, effect)) return {};

  std::string entry = op.name;
  if (const Operation* caller = stated.scripted(); caller && effect > caller->effect) {
    return refuse(op.name + " " + deed(effect) + ", and " + caller->name +
                      ", which calls it, is declared a " + std::string(name_of(caller->effect)),
                  "write effect = \"" + std::string(name_of(effect)) + "\" in the plugin");
  }
  if (!op.always_allowed_by_name)
    entry = std::string(op.plugin()) + ":" + std::string(name_of(effect));
  if (const Operation* caller = stated.scripted()) {
    return refuse(op.name + " " + deed(op, effect) + ", and plugin '" +
                      std::string(caller->plugin()) + "' does not say that it uses it",
                  "add uses = { \"" + entry + "\" } to the plugin");
  }
  std::string hint = "add allow = { \"" + entry + "\" } to the runbook";
  if (entry != op.name) hint += ", or only this one: allow = { \"" + op.name + "\" }";
  return refuse(op.name + " " + deed(op, effect) + ", and this runbook does not allow it",
                std::move(hint));
}

}  // namespace engine::ops
