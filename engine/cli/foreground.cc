#include "engine/cli/foreground.h"

#include <csignal>
#include <optional>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/units.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/failure.h"
#include "engine/cli/report.h"
#include "engine/loop/signal.h"

namespace engine::cli {

namespace {

std::string code_of(const runs::Outcome& outcome) {
  return outcome.error.empty() ? "" : error_from_json(outcome.error).code;
}

}  // namespace

Foreground::Foreground(Session& session, Engine& engine) : session_(session), engine_(engine) {}

Result<runs::Outcome> Foreground::run(const Begin& begin) {
  return std::move(run_all({{"", "", begin}}).front());
}

std::vector<Result<runs::Outcome>> Foreground::run_all(const std::vector<Part>& parts) {
  // Whoever reads our output may go away; the run goes on to its recorded end.
  std::signal(SIGPIPE, SIG_IGN);
  Loop& loop = engine_.catalog.loop;
  std::vector<TaskPtr> signals;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    signals.push_back(watch_signal(loop, number, [this] { interrupted(); }));
  }
  std::vector<std::optional<Result<runs::Outcome>>> outcomes(parts.size());
  size_t going = 0;
  ids_.assign(parts.size(), "");
  for (size_t i = 0; i < parts.size(); ++i) {
    screens_.push_back(
        std::make_unique<Screen>(session_, loop, system_clock(), parts[i].label, parts[i].past));
    const Result<std::string> id = parts[i].begin(
        [screen = screens_.back().get()](std::string_view entry) { screen->entry(entry); },
        [&outcomes, &going, &loop, i](Result<runs::Outcome> ended) {
          outcomes[i] = std::move(ended);
          if (--going == 0) loop.stop();
        });
    if (id) {
      ids_[i] = *id;
      ++going;
    } else {
      outcomes[i] = fail(id.error());
    }
  }
  const auto hold = loop.hold();
  while (going > 0) loop.run();
  see_others_off();
  std::vector<Result<runs::Outcome>> all;
  for (auto& outcome : outcomes) all.push_back(std::move(*outcome));
  for (const auto& screen : screens_) screen->stop();
  return all;
}

// What the runs have started lives in this process, and ends in it.
void Foreground::see_others_off() {
  roots_ended_ = true;
  if (engine_.runner->alive() == 0) return;
  screens_.front()->say("waiting for " + std::to_string(engine_.runner->alive()) +
                        " more that it started; Ctrl-C cancels\n");
  engine_.runner->on_idle([&loop = engine_.catalog.loop] { loop.stop(); });
  while (engine_.runner->alive() > 0) engine_.catalog.loop.run();
}

void Foreground::interrupted() {
  ++interruptions_;
  screens_.front()->say(interruptions_ == 1 ? "cancelling; once more to kill it\n"
                                            : "killing it\n");
  if (interruptions_ > 1 || roots_ended_) return engine_.runner->cancel_all(person());
  for (const std::string& id : ids_) {
    // A run that ended meanwhile needs no cancel.
    if (!id.empty()) (void)engine_.runner->cancel(id, person());
  }
}

int show_outcome(Session& session, const Foreground& foreground, const runs::Outcome& outcome,
                 bool dry_run) {
  if (session.format != Format::table) {
    session.print(outcome_json(outcome) + "\n");
  } else {
    if (dry_run) session.print(foreground.screen().plan());
    // What the run reported is its view for people; without a report the result is.
    if (!foreground.screen().reported()) session.print(report_text(outcome.result, session.out));
  }
  return say_outcome(session, outcome, dry_run);
}

int say_outcome(Session& session, const runs::Outcome& outcome, bool dry_run) {
  if (!outcome.error.empty() && (session.format == Format::table || !session.quiet)) {
    session.complain(failure_text(outcome.error, session.err));
  }
  const Paint paint = outcome.state == "succeeded" ? Paint::green
                      : outcome.state == "skipped" ? Paint::yellow
                                                   : Paint::red;
  session.say(session.err.painted(paint, outcome.state) + (dry_run ? " (dry run)" : "") + " in " +
              human_duration(Millis(outcome.finished_at_ms - outcome.started_at_ms)) + ", run " +
              outcome.id + "\n");
  return exit_of_run(outcome.state, code_of(outcome));
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

runs::Outcome broken_outcome(const std::string& id, const std::string& runbook, Error error) {
  runs::Outcome outcome;
  outcome.id = id;
  outcome.runbook = runbook;
  const bool elsewhere = error.code == code::kConflict;
  outcome.state = elsewhere ? "running" : "interrupted";
  if (!elsewhere) {
    error.hint += std::string(error.hint.empty() ? "" : "; ") + "engine resume " + id +
                  " then goes on with the run";
  }
  outcome.started_at_ms = outcome.finished_at_ms = system_clock().wall_ms();
  outcome.result = "null";
  append_error_json(outcome.error, error);
  return outcome;
}

}  // namespace engine::cli
