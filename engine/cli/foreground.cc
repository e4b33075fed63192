#include "engine/cli/foreground.h"

#include <csignal>
#include <optional>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/units.h"
#include "engine/loop/signal.h"

namespace engine::cli {

Foreground::Foreground(Session& session, Engine& engine)
    : engine_(engine), screen_(session, engine.catalog.loop, system_clock()) {}

Result<runs::Outcome> Foreground::run(const Begin& begin) {
  // Whoever reads our output may go away; the run goes on to its recorded end.
  std::signal(SIGPIPE, SIG_IGN);
  Loop& loop = engine_.catalog.loop;
  std::vector<TaskPtr> signals;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    signals.push_back(watch_signal(loop, number, [this] { interrupted(); }));
  }
  std::optional<Result<runs::Outcome>> outcome;
  const Result<std::string> id = begin([this](std::string_view entry) { screen_.entry(entry); },
                                       [&](Result<runs::Outcome> ended) {
                                         outcome = std::move(ended);
                                         loop.stop();
                                       });
  if (!id) return fail(id.error());
  id_ = *id;
  const auto hold = loop.hold();
  while (!outcome) loop.run();
  screen_.stop();
  return std::move(*outcome);
}

void Foreground::interrupted() {
  ++interruptions_;
  screen_.say(interruptions_ == 1 ? "cancelling; once more to kill it\n" : "killing it\n");
  // A run that ended meanwhile needs no cancel.
  (void)engine_.runner->cancel(id_, person());
}

std::string outcome_json(const runs::Outcome& outcome) {
  std::string json;
  JsonWriter out(json);
  out.begin_object()
      .field("run", outcome.id)
      .field("runbook", outcome.runbook)
      .field("state", outcome.state);
  out.field("started_at", format_time_utc(outcome.started_at_ms));
  out.field("finished_at", format_time_utc(outcome.finished_at_ms));
  out.field("duration_ms", outcome.finished_at_ms - outcome.started_at_ms);
  out.field_raw("result", outcome.result.empty() ? "null" : outcome.result);
  out.field_raw("error", outcome.error.empty() ? "null" : outcome.error).end_object();
  return json;
}

runs::Outcome broken_outcome(const std::string& id, const std::string& runbook,
                             const Error& error) {
  runs::Outcome outcome;
  outcome.id = id;
  outcome.runbook = runbook;
  outcome.state = "failed";
  outcome.started_at_ms = outcome.finished_at_ms = system_clock().wall_ms();
  outcome.result = "null";
  append_error_json(outcome.error, error);
  return outcome;
}

}  // namespace engine::cli
