// engine config validate: says all that is wrong with a configuration, with file, line and column.
#include "engine/base/json.h"
#include "engine/cli/commands.h"
#include "engine/cli/excerpt.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/session.h"

namespace engine::cli {

namespace {

std::string json_of(const config::Problem& problem) {
  std::string json;
  JsonWriter out(json);
  out.begin_object()
      .field("file", problem.file)
      .field("line", problem.line)
      .field("column", problem.column);
  out.field("message", problem.message).field("hint", problem.hint).end_object();
  return json;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  config::Sources sources = session.config_sources();
  if (!parsed->words.empty()) sources.file = parsed->words[0];
  const config::Loaded loaded = config::load(sources);
  std::vector<std::string> items;
  for (const config::Problem& problem : loaded.problems) items.push_back(json_of(problem));
  if (session.format != Format::table) session.print_list(items);
  for (const config::Problem& problem : loaded.warnings)
    session.say(problem_text(problem, "warning", session.err));
  if (session.format == Format::table) {
    for (const config::Problem& problem : loaded.problems) {
      session.print(problem_text(problem, "error", session.out));
    }
  }
  if (!loaded.problems.empty()) return kExitConfig;
  std::string read;
  for (const std::string& file : loaded.files) read += (read.empty() ? "" : ", ") + file;
  session.say("the configuration is valid (" + (read.empty() ? "there is no file" : read) + ")\n");
  return 0;
}

}  // namespace

Command config_validate_command() {
  return {.name = "config validate",
          .summary = "Checks a configuration and says all that is wrong with it.",
          .usage = "config validate [FILE]",
          .details =
              "Without FILE it is the configuration that would be used. The exit code is 78 when "
              "there is "
              "anything to say.",
          .flags = {},
          .examples = {{"engine config validate", "Checks the configuration in use."},
                       {"engine config validate ./engine.toml", "Checks a file."}},
          .run = run,
          .words_max = 1};
}

}  // namespace engine::cli
