// Finding operations, and loading what holds them when they are first needed.
#include "engine/ops/registry.h"

#include <algorithm>
#include <set>

#include "engine/base/text.h"

namespace engine::ops {

namespace {

bool is_word(std::string_view word) {
  if (word.empty() || !(word[0] >= 'a' && word[0] <= 'z')) return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<void> check_declaration(const Operation& op) {
  const auto bad = [&](std::string what) {
    return fail(code::kInvalidArgument, "operation '" + op.name + "': " + std::move(what));
  };
  const std::vector<std::string_view> words = split(op.name, '.');
  if (words.size() < 2 || words.size() > 3 || !std::all_of(words.begin(), words.end(), is_word)) {
    return bad("a name is plugin.noun.verb or plugin.verb, in lower case");
  }
  if (op.summary.empty() || op.summary.back() != '.')
    return bad("its summary is not a sentence ending in a full stop");
  if (!op.start && !op.transact && !op.script) return bad("it has no function to start it");
  std::set<std::string_view> seen;
  for (const Field& field : op.params) {
    if (!is_word(field.name)) return bad("'" + field.name + "' is no name for a parameter");
    if (!seen.insert(field.name).second)
      return bad("parameter '" + field.name + "' is declared twice");
    if (field.required && field.fallback)
      return bad("parameter '" + field.name + "' is required and has a default");
    if (field.type == Type::choice && field.choices.empty()) {
      return bad("parameter '" + field.name + "' is an enum without choices");
    }
  }
  if (!op.target.empty() && !op.param(op.target))
    return bad("its target '" + op.target + "' is no parameter of it");
  return {};
}

}  // namespace

Result<void> Registry::add(Operation operation) {
  if (Result<void> checked = check_declaration(operation); !checked) return checked;
  auto owned = std::make_unique<Operation>(std::move(operation));
  std::string name = owned->name;
  if (!operations_.emplace(name, std::move(owned)).second) {
    return fail(code::kAlreadyExists, "operation '" + name + "' is declared twice");
  }
  return {};
}

void Registry::add_lazy(std::string plugin, Load load) {
  lazy_.insert_or_assign(std::move(plugin), std::move(load));
}

void Registry::on_unknown_plugin(std::function<void(Registry&)> discover) {
  discover_ = std::move(discover);
}

Result<void> Registry::load(std::string_view plugin) {
  if (!known(plugin)) discover();
  if (const auto before = loaded_.find(plugin); before != loaded_.end()) return before->second;
  const auto entry = lazy_.find(plugin);
  if (entry == lazy_.end()) return {};
  loaded_.emplace(plugin,
                  Result<void>());  // a plugin that looks itself up finds what it has added so far
  Result<void> outcome = entry->second(*this);
  loaded_.insert_or_assign(std::string(plugin), outcome);
  return outcome;
}

bool Registry::known(std::string_view plugin) const {
  if (lazy_.contains(plugin)) return true;
  const auto at = operations_.lower_bound(plugin);
  return at != operations_.end() && at->second->plugin() == plugin;
}

void Registry::discover() {
  if (!discover_) return;
  auto once = std::move(discover_);
  discover_ = nullptr;
  once(*this);
}

Result<const Operation*> Registry::find(std::string_view name) {
  if (const auto at = operations_.find(name); at != operations_.end()) return at->second.get();
  const std::string_view plugin = name.substr(0, name.find('.'));
  if (Result<void> loaded = load(plugin); !loaded) return std::unexpected(loaded.error());
  if (const auto at = operations_.find(name); at != operations_.end()) return at->second.get();

  std::vector<std::string> candidates;
  if (known(plugin)) {
    for (const auto& [known_name, op] : operations_) {
      if (op->plugin() == plugin) candidates.push_back(known_name);
    }
  } else {
    for (const Operation* op : all()) candidates.push_back(op->name);
  }
  std::string hint = "engine ops lists what there is";
  if (const auto near = nearest(name, candidates)) hint = "did you mean " + *near + "?";
  return fail(code::kNotFound, "there is no operation '" + std::string(name) + "'", hint);
}

Result<std::vector<std::string>> Registry::children(std::string_view prefix) {
  std::set<std::string, std::less<>> names;
  if (prefix.empty()) {
    discover();
    for (const auto& [plugin, unused] : lazy_) names.insert(plugin);
    for (const auto& [name, op] : operations_) names.emplace(op->plugin());
    return std::vector<std::string>(names.begin(), names.end());
  }
  if (Result<void> loaded = load(prefix.substr(0, prefix.find('.'))); !loaded) {
    return std::unexpected(loaded.error());
  }
  const std::string dotted = std::string(prefix) + ".";
  for (auto at = operations_.lower_bound(dotted);
       at != operations_.end() && at->first.starts_with(dotted); ++at) {
    const std::string_view rest = std::string_view(at->first).substr(dotted.size());
    names.emplace(rest.substr(0, rest.find('.')));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

bool Registry::is_plugin(std::string_view name) {
  if (!known(name)) discover();
  return known(name);
}

std::vector<const Operation*> Registry::all() {
  discover();
  std::vector<std::string> plugins;
  for (const auto& [plugin, unused] : lazy_) plugins.push_back(plugin);
  for (const std::string& plugin : plugins) static_cast<void>(load(plugin));
  std::vector<const Operation*> found;
  for (const auto& [name, op] : operations_) found.push_back(op.get());
  return found;
}

}  // namespace engine::ops
