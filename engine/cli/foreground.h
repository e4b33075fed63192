// Runs in the foreground: watched, cancelled by Ctrl-C, their outcomes shown and turned into an
// exit code.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

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

  // Several side by side: each has a label before its lines.
  struct Part {
    std::string label;
    std::string past;  // its entries so far, a JSON array, or empty; they are not shown again
    Begin begin;
  };
  std::vector<Result<runs::Outcome>> run_all(const std::vector<Part>& parts);

  const Screen& screen() const { return *screens_.front(); }
  const std::string& id() const { return ids_.front(); }  // empty: no run came to be

 private:
  void see_others_off();
  void interrupted();

  Session& session_;
  Engine& engine_;
  std::vector<std::unique_ptr<Screen>> screens_;
  std::vector<std::string> ids_;
  int interruptions_ = 0;
  bool roots_ended_ = false;
};

// Shows what became of the one run; answers the exit code.
int show_outcome(Session& session, const Foreground& foreground, const runs::Outcome& outcome,
                 bool dry_run);
// The same without its result.
int say_outcome(Session& session, const runs::Outcome& outcome, bool dry_run);

// {"run","runbook","state","started_at","finished_at","duration_ms","result","error"}
std::string outcome_json(const runs::Outcome& outcome);
// Outcome of a run whose record could not be completed.
runs::Outcome broken_outcome(const std::string& id, const std::string& runbook, Error error);

}  // namespace engine::cli
