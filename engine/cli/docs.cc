// engine docs: writes what is made from the program's own declarations: reference pages, manual
// pages, annotations for editors.
#include <filesystem>

#include "engine/base/files.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/event_lines.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/luacats.h"
#include "engine/cli/man.h"
#include "engine/cli/pages.h"

namespace engine::cli {

namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::pair<std::string, std::string>>;  // names and texts

constexpr unsigned kPageMode = 0644;
constexpr size_t kModuleBytesMax = 4 << 20;

Result<void> write(const Session& session, const std::string& folder, const Files& files) {
  for (const auto& [name, text] : files) {
    const std::string file = folder + "/" + name;
    std::error_code error;
    fs::create_directories(fs::path(file).parent_path(), error);
    if (error) return fail(errno_error(error.value(), "cannot create " + folder));
    if (Result<void> written = write_file_atomically(file, text, kPageMode); !written)
      return written;
    session.say(file + "\n");
  }
  return {};
}

// The modules that runbooks require as std.NAME.
Result<void> add_modules(const std::vector<std::string>& script_folders, Files& files) {
  for (const std::string& folder : script_folders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder + "/std", error)) {
      if (entry.path().extension() != ".lua") continue;
      const Result<std::string> text = read_file(entry.path().string(), kModuleBytesMax);
      if (!text) return fail(text.error());
      const std::string name = entry.path().stem();
      files.emplace_back("std/" + name + ".lua", module_stub("std." + name, *text));
    }
    if (!error) break;
  }
  return {};
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto man = parsed->value("man"), luacats = parsed->value("luacats");
  if (parsed->words.empty() && !man && !luacats) {
    return session.usage_error(Error(code::kInvalidArgument, "a folder is missing"), command);
  }
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  const std::vector<const ops::Operation*> operations = (*catalog)->registry.all();
  Result<void> written;
  if (!parsed->words.empty()) {
    written = write(session, parsed->words[0],
                    {{"cli.md", command_page()},
                     {"config.md", config_page()},
                     {"operations.md", operation_page(operations)},
                     {"events.md", events_page((*catalog)->plugins.sources())}});
  }
  if (written && man) written = write(session, *man, man_pages());
  if (written && luacats) {
    Files stubs = operation_stubs(operations);
    written = add_modules((*catalog)->config.scripts, stubs);
    if (written) written = write(session, *luacats, stubs);
  }
  return written ? kExitOk : session.fail(written.error());
}

}  // namespace

Command docs_command() {
  return {.name = "docs",
          .summary =
              "Writes what is made from declarations: annotations for editors, manual and "
              "reference pages.",
          .usage = "docs [--luacats DIR] [--man DIR] [FOLDER]",
          .details =
              "The annotations (LuaCATS) cover every operation of every plugin there is, "
              "the words of a runbook and the modules std.*; an editor's Lua language "
              "server takes DIR as a library. FOLDER gets cli.md, config.md, "
              "operations.md and events.md.",
          .flags = {{"luacats", 0, "DIR", "Annotations for editors.", false, false},
                    {"man", 0, "DIR", "Manual pages.", false, false}},
          .examples = {{"engine docs --luacats ~/.local/share/engine/luacats", "For an editor."},
                       {"engine docs docs/reference", "Brings the pages up to date."}},
          .run = run,
          .words_max = 1,
          .word = Word::folder};
}

}  // namespace engine::cli
