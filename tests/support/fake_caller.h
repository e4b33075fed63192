// A run that only remembers what the one road told it; the world outside the road in its tests.
#pragma once

#include <string>
#include <vector>

#include "engine/ops/invoker.h"

namespace engine::ops {

class FakeCaller : public Caller {
 public:
  explicit FakeCaller(Loop& loop) : loop_(loop) {}

  Permissions allowed = Permissions::all();
  bool dry = false;
  Result<void> commit;            // what the barrier answers
  std::vector<std::string> told;  // "intend box.stop", "ended box.stop ok", ...
  std::vector<Call> calls;        // as recorded at their end

  const Permissions& permissions() const override { return allowed; }
  bool dry_run() const override { return dry; }
  const std::string& run_id() const override { return id_; }
  const std::string& scope() const override { return scope_; }
  Seats::Line& line() override { return line_; }
  void intend(const Call& call, std::move_only_function<void(Result<void>)> go) override {
    told.push_back("intend " + call.operation);
    loop_.defer([this, go = std::move(go)]() mutable { go(commit); });
  }
  void entered(const Call& call, std::string_view, Millis) override {
    told.push_back("entered " + call.operation);
  }
  void ended(const Call& call, Result<std::string>& outcome) override {
    const std::string how = outcome ? *outcome : outcome.error().code;
    told.push_back("ended " + call.operation + " " + how +
                   (!outcome && outcome.error().outcome_unknown ? " unknown" : ""));
    calls.push_back(call);
  }
  void transact(const Call& call, const Transact&, CallInput, Done done) override {
    told.push_back("transact " + call.operation);
    done(std::string("null"));
  }
  void progress(const Call& call, std::string_view json) override {
    told.push_back("progress " + call.operation + " " + std::string(json));
  }

 private:
  Loop& loop_;
  Seats::Line line_;
  std::string id_ = "testrun", scope_ = "test";
};

}  // namespace engine::ops
