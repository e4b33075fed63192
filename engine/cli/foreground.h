// One run in the foreground: watched, cancelled by Ctrl-C, its outcome shown and turned into an
// exit code.
#pragma once

#include <functional>
#include <string>

#include "engine/cli/engine.h"
#include "engine/cli/screen.h"
#include "engine/cli/session.h"

namespace engine::cli {

class Foreground {
 public:
  Foreground(Session& session, Engine& engine);

  using Finished = std::move_only_function<void(Result<runs::Outcome>)>;
  using Begin = std::function<Result<std::string>(runs::Watch watch, Finished finished)>;
  // Begins and sees it to its end; answers the outcome, or why there is none.
  Result<runs::Outcome> run(const Begin& begin);

  const Screen& screen() const { return screen_; }
  const std::string& id() const { return id_; }  // empty: no run came to be

 private:
  void interrupted();

  Engine& engine_;
  Screen screen_;
  std::string id_;
  int interruptions_ = 0;
};

// {"run","runbook","state","started_at","finished_at","duration_ms","result","error"}
std::string outcome_json(const runs::Outcome& outcome);
// Outcome of a run whose record could not be completed.
runs::Outcome broken_outcome(const std::string& id, const std::string& runbook, const Error& error);

}  // namespace engine::cli
