// For commands that look at what was run: the store, and the run that a prefix of its id names.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
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
  // Those of a file that `engine export` has written: they are as they were then.
  static Result<std::unique_ptr<Records>> open_file(const std::string& file);
  bool exported() const { return !store_; }
  // What such a file says of itself; empty where it says nothing of that name.
  std::string note(std::string_view name);

  Loop& loop() { return loop_; }
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
  // When they are as they are: now, or when they were exported.
  int64_t now_ms();
  // As a person should see it: "interrupted" where the process of a running run is gone.
  std::string state(const store::RunRecord& run) const {
    return store_ ? store_->state_of(run) : run.state;
  }

 private:
  Records() = default;
  void ring(const std::string& id);
  Loop loop_;
  std::unique_ptr<store::Store> store_;
  std::optional<store::Database> file_;
  store::Database* db_ = nullptr;
};

// A run, and where it is recorded.
struct NamedRun {
  std::unique_ptr<Records> records;
  store::RunRecord run;
};
// Which run the words mean: RUN, of the store, or FILE [RUN], of an exported file. The exit code
// where there is none; that was said.
std::expected<NamedRun, int> named_run(Session& session, const Command& command,
                                       const Words& words);

// The run's fields within an open object: run, runbook, state, times, result, error, who, trigger,
// parameters.
void append_run(JsonWriter& out, const store::RunRecord& run, std::string_view state);
// "1.2s", or "-" for a run that goes on.
std::string duration_text(const store::RunRecord& run);

}  // namespace engine::cli
