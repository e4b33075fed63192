// A Lua plugin's operation as a caller within a run: what it calls is recorded in that run, and is
// permitted by what the plugin declares.
#pragma once

#include "engine/ops/invoker.h"

namespace engine::runs {

class Inside : public ops::Caller {
 public:
  Inside(ops::Caller& run, const ops::Operation& operation);

  const ops::Permissions& permissions() const override { return permissions_; }
  bool dry_run() const override { return run_.dry_run(); }
  const std::string& run_id() const override { return run_.run_id(); }
  const std::string& scope() const override { return scope_; }
  Seats::Line& line() override { return run_.line(); }
  void intend(const ops::Call& call, std::move_only_function<void(Result<void>)> go) override {
    run_.intend(call, std::move(go));
  }
  void entered(const ops::Call& call, std::string_view settings, Millis timeout) override {
    run_.entered(call, settings, timeout);
  }
  void ended(const ops::Call& call, Result<std::string>& outcome) override {
    run_.ended(call, outcome);
  }
  void transact(const ops::Call& call, const ops::Transact& transact, ops::CallInput input,
                Done done) override {
    run_.transact(call, transact, std::move(input), std::move(done));
  }
  void progress(const ops::Call& call, std::string_view json) override {
    run_.progress(call, json);
  }

 private:
  ops::Caller& run_;
  ops::Permissions permissions_;
  std::string scope_;  // a plugin's state is its own, whichever runbook calls it
};

}  // namespace engine::runs
