// Judges what the parser saw of one file against the operations and globals that there are.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/lua/lint.h"
#include "engine/lua/parser.h"
#include "engine/ops/operation.h"
#include "engine/ops/permission.h"
#include "engine/ops/registry.h"

namespace engine::lua {

class Judge final : public Listener {
 public:
  struct Fault {
    Span at;
    std::string message, hint;
  };

  explicit Judge(ops::Registry& registry) : registry_(registry) {}

  void used(const Expression& path) override { uses_.push_back(path); }
  void called(const Expression& path, const std::vector<Expression>& arguments) override;
  void assigned(const std::string& path) override { assigned_.insert(path); }

  // Once the whole file was read: only then is it known what is assigned later on and what is
  // allowed.
  std::vector<Fault> verdict();

 private:
  struct Call {
    Expression path;
    std::vector<Expression> arguments;
  };

  bool is_settled(const Expression& path) const;
  void judge_use(const Expression& path);
  void judge_operation_name(const Expression& path);
  void judge_member(const Expression& path, const std::string& library, const std::string& member);
  void judge_global(const Expression& path, const std::string& name);
  void judge_call(const Call& call);
  void judge_arguments(const ops::Operation& op, const Call& call);
  void judge_parameter(const ops::Operation& op, const Field& given);
  void judge_permission(const ops::Operation& op, const Call& call);
  void read_allow(const Expression& runbook);
  void add(const Span& at, std::string message, std::string hint = {});

  ops::Registry& registry_;
  std::vector<Expression> uses_;
  std::vector<Call> calls_;
  std::set<std::string, std::less<>> assigned_;
  std::set<std::string, std::less<>> missing_;  // globals already reported
  std::optional<ops::Permissions> allow_;       // absent: not a runbook, or not known
  bool has_runbook_ = false;
  std::vector<Fault> faults_;
};

// JSON of an expression that is a literal throughout; false: it is not.
bool append_literal(std::string& json, const Expression& expression);

}  // namespace engine::lua
