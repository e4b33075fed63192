// engine call: one operation, as a runbook would call it.
#include "engine/base/json_read.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/failure.h"
#include "engine/cli/fields.h"
#include "engine/cli/foreground.h"
#include "engine/cli/report.h"
#include "engine/ops/check.h"
#include "engine/ops/describe.h"

namespace engine::cli {

namespace {

std::string described(const ops::Operation& op) {
  std::string text = "Effect: " + std::string(name_of(op.effect)) +
                     (op.effect_of ? " at most" : "") +
                     ". Timeout: " + format_duration(op.timeout) + ".";
  for (const ops::Field& field : op.results) {
    text += (&field == &op.results.front() ? " Answers " : ", ") + field.name;
  }
  if (!op.results.empty()) text += ".";
  return text;
}

// A call that failed has no runbook whose lines would tell anything.
std::string without_lines(const std::string& error) {
  std::string json;
  append_error_json(json, error_from_json(error));
  return json;
}

int show(Session& session, const Foreground& foreground, const runs::Outcome& outcome,
         bool dry_run) {
  const bool failed = !outcome.error.empty();
  if (session.format != Format::table) {
    session.print(outcome_json(outcome) + "\n");
  } else if (dry_run) {
    session.print(foreground.screen().plan());
  } else {
    session.print(report_text(outcome.result, session.out));
  }
  if (!failed) return kExitOk;
  if (session.format == Format::table || !session.quiet) {
    session.complain(failure_text(without_lines(outcome.error), session.err));
  }
  return exit_of_run(outcome.state, error_from_json(outcome.error).code);
}

int start(Session& session, std::unique_ptr<Catalog> catalog, const std::string& name,
          const std::string& args, bool dry_run) {
  auto engine = Engine::start(std::move(catalog));
  if (!engine) return session.fail(engine.error());
  Foreground foreground(session, **engine);
  Result<runs::Outcome> outcome =
      foreground.run([&](runs::Watch watch, Foreground::Finished finished) {
        runs::StartRequest request;
        request.principal = person();
        request.trigger = R"({"kind":"person"})";
        request.dry_run = dry_run;
        return (*engine)->runner->call(name, args, std::move(request), std::move(watch),
                                       std::move(finished));
      });
  if (!outcome && foreground.id().empty()) return session.fail(outcome.error());
  return show(session, foreground,
              outcome ? *outcome : broken_outcome(foreground.id(), name, outcome.error()), dry_run);
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto first = session.parse(command, arguments, {.stop = StopAt::first_word});
  if (!first) return first.error();
  const std::string& name = first->words[0];
  auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  Command asked = command;
  std::string args;
  bool dry_run = first->has("dry-run");
  {
    const Result<const ops::Operation*> op = (*catalog)->registry.find(name);
    if (!op) return session.fail(op.error());
    asked.summary = (*op)->summary;
    asked.usage = "call " + name + ((*op)->params.empty() ? "" : " [--ARGUMENT VALUE ...]");
    asked.details = described(**op);
    asked.examples.clear();
    asked.words_min = asked.words_max = 0;
    const auto parsed =
        session.parse(asked, first->rest,
                      {.more = flags_beside(command, (*op)->params), .more_heading = "Arguments"});
    if (!parsed) return parsed.error();
    const Result<Parsed> full = with_named(*parsed, command, (*op)->params, "arg");
    if (!full) return session.usage_error(full.error(), asked);
    Result<std::string> json = arguments_json((*op)->params, *full);
    if (!json) return session.usage_error(json.error(), asked);
    // A wrong argument is the caller's, not a failed run's.
    if (const Result<std::string> checked = ops::check_args(**op, *json); !checked)
      return session.fail(checked.error());
    args = std::move(*json);
    dry_run = dry_run || parsed->has("dry-run");
  }
  return start(session, std::move(*catalog), name, args, dry_run);
}

}  // namespace

Command call_command() {
  return {.name = "call",
          .summary = "Calls one operation, as a runbook would.",
          .usage = "call OPERATION [--ARGUMENT VALUE ...]",
          .details =
              "An operation's arguments are flags: `engine call OPERATION --help` lists them. The "
              "call is "
              "recorded as a run of its own. With -o json stdout carries what `engine run -o json` "
              "does.",
          .flags = {{"dry-run", 'n', "", "A read is done; a change is only shown.", false, false},
                    {"arg", 'a', "NAME=VALUE",
                     "An argument whose name is one of engine's own flags.", false, true}},
          .examples = {{"engine call host.memory.get", "Without arguments."},
                       {"engine call fs.list --path /tmp", "With one."},
                       {"engine call process.exec --help", "Shows the arguments of an operation."}},
          .run = run,
          .words_min = 1,
          .words_max = 1,
          .word = Word::operation};
}

}  // namespace engine::cli
