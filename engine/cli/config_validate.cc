// engine config validate: says all that is wrong with a configuration, with file, line and column.
#include <cstdlib>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/cli/commands.h"
#include "engine/cli/engine.h"
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

// A plugin's settings are the plugin's to judge; where they stand is where the first of them does.
void check_plugins(config::Loaded& loaded) {
  Catalog catalog(loaded.config);
  for (const auto& [plugin, settings] : loaded.config.plugins) {
    const Result<void> checked = catalog.plugins.check_settings(plugin);
    if (checked) continue;
    config::Problem problem;
    problem.message = checked.error().message;
    problem.hint = checked.error().hint;
    for (const config::Setting& setting : loaded.config.settings) {
      if (!setting.key.starts_with("plugins." + plugin + ".")) continue;
      const std::vector<std::string_view> at = split(setting.origin, ':');
      problem.file = at[0];
      if (at.size() == 3) problem.line = std::atoi(std::string(at[1]).c_str());
      if (at.size() == 3) problem.column = std::atoi(std::string(at[2]).c_str());
      break;
    }
    loaded.problems.push_back(std::move(problem));
  }
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  config::Sources sources = session.config_sources();
  if (!parsed->words.empty()) sources.file = parsed->words[0];
  config::Loaded loaded = config::load(sources);
  if (loaded.problems.empty()) check_plugins(loaded);
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
