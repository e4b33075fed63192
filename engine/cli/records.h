// For commands that look at what was run: the store, and the run that a prefix of its id names.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/cli/engine.h"
#include "engine/cli/session.h"
#include "engine/store/mail.h"
#include "engine/store/runs.h"
#include "engine/store/tickets.h"

namespace engine::cli {

class Records {
 public:
  static Result<std::unique_ptr<Records>> open(const config::Config& config);

  store::Database& db() { return *db_; }
  Result<store::RunRecord> find(std::string_view id_prefix);
  // All entries of the run, a JSON array.
  Result<std::string> journal(const store::RunRecord& run);
  // Sends it mail, which is on disk when this returns, and tells the process that carries the run.
  // `check` is asked in the same transaction whether it may be sent, and may complete it.
  using Check = std::function<Result<void>(store::Database& db, store::Mail& mail)>;
  Result<void> send(const store::RunRecord& run, store::Mail mail, Check check = {});
  // The runs that have what that one waits for at that place.
  Result<std::vector<store::Next>> ahead_of(const store::Waiting& waiting);
  // As a person should see it: "interrupted" where the process of a running run is gone.
  std::string state(const store::RunRecord& run) const { return store_->state_of(run); }

 private:
  Records() = default;
  void ring(const std::string& id);
  Loop loop_;
  std::unique_ptr<store::Store> store_;
  store::Database* db_ = nullptr;
};

// The run's fields within an open object: run, runbook, state, times, result, error, who, trigger,
// parameters.
void append_run(JsonWriter& out, const store::RunRecord& run, std::string_view state);
// "1.2s", or "-" for a run that goes on.
std::string duration_text(const store::RunRecord& run);

}  // namespace engine::cli
