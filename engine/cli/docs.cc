// engine docs: writes the reference pages, which are made from the program's own declarations.
#include <filesystem>

#include "engine/base/files.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/pages.h"

namespace engine::cli {

namespace {

constexpr unsigned kPageMode = 0644;

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  const std::string& folder = parsed->words[0];
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return session.fail(errno_error(error.value(), "cannot create " + folder));
  const std::pair<std::string, std::string> pages[] = {
      {"cli.md", command_page()},
      {"config.md", config_page()},
      {"operations.md", operation_page((*catalog)->registry.all())},
  };
  for (const auto& [name, text] : pages) {
    const Result<void> written = write_file_atomically(folder + "/" + name, text, kPageMode);
    if (!written) return session.fail(written.error());
    session.say(folder + "/" + name + "\n");
  }
  return 0;
}

}  // namespace

Command docs_command() {
  return {
      .name = "docs",
      .summary = "Writes the reference pages into a folder.",
      .usage = "docs FOLDER",
      .details =
          "cli.md, config.md and operations.md, as Markdown, from the program's own declarations.",
      .flags = {},
      .examples = {{"engine docs docs/reference", "Brings the pages up to date."}},
      .run = run,
      .words_min = 1,
      .words_max = 1,
      .hidden = true};
}

}  // namespace engine::cli
