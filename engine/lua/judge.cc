// Names and permissions.
#include "engine/lua/judge.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/lua/globals.h"
#include "engine/ops/check.h"

namespace engine::lua {

void Judge::add(const Span& at, std::string message, std::string hint) {
  faults_.push_back({at, std::move(message), std::move(hint)});
}

void Judge::called(const Expression& path, const std::vector<Expression>& arguments) {
  calls_.push_back({path, arguments});
  if (path.text == "runbook" && !path.through && !arguments.empty()) read_allow(arguments[0]);
}

std::vector<Judge::Fault> Judge::verdict() {
  for (const Expression& path : uses_) judge_use(path);
  for (const Call& call : calls_) judge_call(call);
  return std::move(faults_);
}

// Whether the path still means at run time what it says: nothing in the file assigns to any part of
// it.
bool Judge::is_settled(const Expression& path) const {
  if (path.through && path.through->assigned) return false;
  for (size_t end = path.text.find('.'); end != std::string::npos;
       end = path.text.find('.', end + 1)) {
    if (assigned_.contains(path.text.substr(0, end))) return false;
  }
  return !assigned_.contains(path.text) && !assigned_.contains("_ENV");
}

void Judge::judge_use(const Expression& path) {
  if (!is_settled(path)) return;
  const size_t dot = path.text.find('.');
  const std::string root = path.text.substr(0, dot);
  if (is_global(root)) {
    if (dot == std::string::npos) return;
    const size_t end = path.text.find('.', dot + 1);
    judge_member(path, root, path.text.substr(dot + 1, end - dot - 1));
  } else if (registry_.is_plugin(root)) {
    if (dot != std::string::npos) judge_operation_name(path);
  } else if (!path.through) {
    judge_global(path, root);
  }
}

void Judge::judge_operation_name(const Expression& path) {
  const auto found = registry_.find(path.text);
  if (found || found.error().code != code::kNotFound)
    return;  // what can't be loaded here can't be judged
  const auto below = registry_.children(path.text);
  if (below && !below->empty()) return;
  add(path.at, found.error().message, found.error().hint);
}

void Judge::judge_member(const Expression& path, const std::string& library,
                         const std::string& member) {
  const std::vector<std::string> members = members_of(library);
  if (members.empty() || std::ranges::find(members, member) != members.end()) return;
  std::string hint = removed_from_lua(library + "." + member);
  if (const auto near = nearest(member, members); near && hint.empty()) {
    hint = "did you mean " + library + "." + *near + "?";
  }
  add(path.at, "there is no " + library + "." + member, std::move(hint));
}

void Judge::judge_global(const Expression& path, const std::string& name) {
  if (!missing_.insert(name).second) return;
  std::vector<std::string> candidates = global_names();
  if (const auto plugins = registry_.children(""))
    candidates.insert(candidates.end(), plugins->begin(), plugins->end());
  std::string hint = removed_from_lua(name);
  if (const auto near = nearest(name, candidates); near && hint.empty())
    hint = "did you mean " + *near + "?";
  if (hint.empty()) hint = "declare it: local " + name + " = ...";
  const Span at{path.at.begin, path.at.begin + name.size(), path.at.line};
  add(at, "nothing is called '" + name + "' here", std::move(hint));
}

void Judge::read_allow(const Expression& runbook) {
  if (has_runbook_) return allow_.reset();  // which one it is, a run knows
  has_runbook_ = true;
  if (runbook.kind != Expression::Kind::table || runbook.open) return;
  std::vector<std::string> entries;
  for (const Field& field : runbook.fields) {
    if (field.name != "allow") continue;
    if (field.value.kind != Expression::Kind::table || field.value.open) return;
    for (const Field& entry : field.value.fields) {
      if (entry.value.kind != Expression::Kind::literal || !entry.value.text.starts_with('"'))
        return;
      std::string text = entry.value.text.substr(1, entry.value.text.size() - 2);
      const auto checked = ops::parse_grants({text});
      if (!checked) {
        add(entry.value.at, checked.error().message, checked.error().hint);
      } else {
        entries.push_back(std::move(text));
      }
    }
  }
  if (auto permissions = ops::Permissions::parse(entries)) allow_ = std::move(*permissions);
}

// The effect is known where it is fixed, or where all that it depends on is written there.
void Judge::judge_permission(const ops::Operation& op, const Call& call) {
  if (!allow_) return;
  ops::Effect effect = op.effect;
  if (op.effect_of) {
    std::string json = "{}";
    if (!call.arguments.empty()) json.clear();
    if (call.arguments.size() > 1 || (json.empty() && !append_literal(json, call.arguments[0])))
      return;
    const Result<std::string> checked = ops::check_args(op, json);
    if (!checked) return;
    effect = op.effect_of(*checked);
  }
  const Result<void> allowed = ops::check_permission(op, effect, *allow_, {});
  if (!allowed) add(call.path.at, allowed.error().message, allowed.error().hint);
}

}  // namespace engine::lua
