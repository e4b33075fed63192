// engine run: a runbook, in the foreground.
#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/fields.h"
#include "engine/cli/foreground.h"
#include "engine/cli/help.h"
#include "engine/cli/inspect.h"

namespace engine::cli {

namespace {

int start(Session& session, std::unique_ptr<Catalog> catalog, const std::string& name,
          std::string params, bool dry_run) {
  auto engine = Engine::start(std::move(catalog));
  if (!engine) return session.fail(engine.error());
  Foreground foreground(session, **engine);
  const runs::StartRequest request{.runbook = name,
                                   .params = std::move(params),
                                   .principal = person(),
                                   .trigger = R"({"kind":"person"})",
                                   .dry_run = dry_run};
  Result<runs::Outcome> outcome =
      foreground.run([&](runs::Watch watch, Foreground::Finished finished) {
        return (*engine)->runner->start(request, std::move(watch), std::move(finished));
      });
  if (!outcome && foreground.id().empty()) return session.fail(outcome.error());
  return show_outcome(session, foreground,
                      outcome ? *outcome : broken_outcome(foreground.id(), name, outcome.error()),
                      dry_run);
}

// With flags that are none of ours the runbook has to be asked for its parameters; an empty runbook
// is only read once.
int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto first = session.parse(command, arguments, {.stop = StopAt::first_word});
  if (!first) return first.error();
  const std::string& name = first->words[0];
  std::vector<Flag> known = command.flags;
  known.insert(known.end(), global_flags().begin(), global_flags().end());
  const bool early = first->has("dry-run");
  if (const Result<Parsed> plain = parse(first->rest, known);
      plain && plain->words.empty() && !plain->has("help") && !plain->has("param") &&
      !first->has("param")) {
    if (Result<void> taken = session.take_global_flags(*plain); !taken) {
      return session.usage_error(taken.error(), command);
    }
    auto catalog = open_catalog(session);
    if (!catalog) return catalog.error();
    return start(session, std::move(*catalog), name, "{}", early || plain->has("dry-run"));
  }

  auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  const Result<runs::Source> source = (*catalog)->library.runbook(name);
  if (!source) return session.fail(source.error());
  const Result<lua::RunbookInfo> info = inspect(**catalog, *source);
  if (!info) return session.fail(info.error());
  Command asked = command;
  asked.summary = info->summary.empty() ? command.summary : info->summary;
  asked.usage =
      "run " + name + (info->params.empty() ? "" : " [--PARAMETER VALUE ...]") + " [FLAGS]";
  asked.details = info->help;
  asked.examples.clear();
  asked.words_min = asked.words_max = 0;
  auto parsed =
      session.parse(asked, first->rest,
                    {.more = flags_beside(command, info->params), .more_heading = "Parameters"});
  if (!parsed) return parsed.error();
  const Words before = first->all("param");
  for (const std::string& given : before) parsed->values.emplace_back("param", given);
  const Result<Parsed> full = with_named(*parsed, command, info->params, "param");
  if (!full) return session.usage_error(full.error(), asked);
  const Result<std::string> params = arguments_json(info->params, *full);
  if (!params) return session.usage_error(params.error(), asked);
  return start(session, std::move(*catalog), name, *params, early || parsed->has("dry-run"));
}

}  // namespace

Command run_command() {
  return {
      .name = "run",
      .summary = "Runs a runbook and waits for its end.",
      .usage = "run NAME|FILE [--PARAMETER VALUE ...] [--dry-run]",
      .details =
          "A runbook's parameters are flags: `engine run NAME --help` lists them. A boolean is "
          "--clean or "
          "--no-clean; a list is repeated (--tag a --tag b) or one JSON list; a map is repeated "
          "KEY=VALUE "
          "or one JSON object; a secret takes the secret's name. Ctrl-C cancels the run, a second "
          "one kills "
          "it. With -o json stdout carries one object: run, runbook, state, started_at, "
          "finished_at, "
          "duration_ms, result, error.",
      .flags = {{"dry-run", 'n', "", "Looks, but changes nothing; shows what would be done.", false,
                 false},
                {"param", 'p', "NAME=VALUE", "A parameter whose name is one of engine's own flags.",
                 false, true}},
      .examples = {{"engine run quickstart", "Runs a runbook by name."},
                   {"engine run quickstart --help", "Shows its parameters."},
                   {"engine run ./fix.lua --since 1h --dry-run", "A file; shows what it would do."},
                   {"engine run quickstart -o json | jq .result", "For programs."}},
      .run = run,
      .words_min = 1,
      .words_max = 1,
      .word = Word::runbook};
}

}  // namespace engine::cli
