// engine check: what can be said about runbooks without running them.
#include <algorithm>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/inspect.h"
#include "engine/lua/errors.h"
#include "engine/lua/lint.h"
#include "engine/lua/plugin.h"
#include "engine/triggers/declared.h"

namespace engine::cli {

namespace {

namespace fs = std::filesystem;
constexpr size_t kSourceBytesMax = 4 << 20;

// Every Lua file below a folder, sorted.
std::vector<std::string> lua_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file(error) && at->path().extension() == ".lua") files.push_back(at->path());
  }
  std::ranges::sort(files);
  return files;
}

Result<std::vector<std::string>> files_of(const Catalog& catalog, const Words& words) {
  std::vector<std::string> files;
  if (words.empty()) {
    for (const runs::Source& source : catalog.library.list()) files.push_back(source.file);
    return files;
  }
  for (const std::string& word : words) {
    std::error_code ignored;
    if (fs::is_directory(word, ignored)) {
      const std::vector<std::string> below = lua_files(word);
      files.insert(files.end(), below.begin(), below.end());
    } else if (fs::exists(word, ignored)) {
      files.push_back(word);
    } else {
      const Result<runs::Source> source = catalog.library.runbook(word);
      if (!source) return fail(source.error());
      files.push_back(source->file);
    }
  }
  return files;
}

std::string json_of(const std::string& file, const lua::Finding& finding) {
  std::string json;
  JsonWriter out(json);
  out.begin_object()
      .field("file", file)
      .field("line", finding.line)
      .field("column", finding.column);
  out.field("end_column", finding.end_column).field("message", finding.message);
  out.field("hint", finding.hint).end_object();
  return json;
}

lua::Finding finding_of(const Error& error, const std::string& label) {
  const lua::SplitMessage parts = lua::split_message(error.message);
  const bool elsewhere = !parts.at.source.empty() && parts.at.source != label;
  lua::Finding found;
  found.line = elsewhere ? 1 : std::max(parts.at.line, 1);
  found.column = 1;
  found.end_column = 2;
  found.message = elsewhere ? error.message : parts.message;
  // The line itself, which hints of Lua's errors show, is shown anyway.
  found.hint = error.hint.substr(0, error.hint.starts_with(' ') ? 0 : error.hint.find("\n "));
  return found;
}

// What is wrong with a runbook's declaration, and with the modules that it requires for it.
std::vector<lua::Finding> judge_runbook(Catalog& catalog, const std::string& file,
                                        const std::string& text) {
  if (!runs::is_runbook(text)) return {};
  const runs::Source source{file, file, file, text};
  const auto info = inspect(catalog, source);
  if (!info) return {finding_of(info.error(), file)};
  const auto declared = triggers::read_triggers(*info, source);
  if (!declared) return {finding_of(declared.error(), file)};
  return {};
}

// What is wrong with a Lua plugin's declaration, which lint does not look into.
std::vector<lua::Finding> judge_plugin(Catalog& catalog, const std::string& file,
                                       const std::string& text) {
  const fs::path path(file);
  if (path.filename() != "plugin.lua") return {};
  const std::string name = fs::absolute(path).parent_path().filename();
  auto declared =
      lua::read_plugin({name, file, file, text}, catalog.registry, catalog.module_finder());
  if (!declared) return {finding_of(declared.error(), file)};
  ops::Registry apart;
  for (ops::Operation& operation : declared->operations) {
    operation.script = std::make_shared<ops::Script>();
    if (Result<void> added = apart.add(std::move(operation)); !added)
      return {finding_of(added.error(), file)};
  }
  return {};
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  const Result<std::vector<std::string>> files = files_of(**catalog, parsed->words);
  if (!files) return session.fail(files.error());
  std::vector<std::string> items;
  size_t count = 0;
  for (const std::string& file : *files) {
    const Result<std::string> text = read_file(file, kSourceBytesMax);
    if (!text) return session.fail(text.error());
    std::vector<lua::Finding> findings = lua::lint(file, *text, (*catalog)->registry);
    if (findings.empty()) findings = judge_plugin(**catalog, file, *text);
    if (findings.empty()) findings = judge_runbook(**catalog, file, *text);
    for (const lua::Finding& finding : findings) {
      ++count;
      if (session.format == Format::table)
        session.print(made_visible(lua::render(file, finding, *text)));
      else
        items.push_back(json_of(file, finding));
    }
  }
  if (session.format != Format::table) session.print_list(items);
  session.say(std::to_string(files->size()) + (files->size() == 1 ? " file" : " files") +
              " checked, " + (count == 0 ? "nothing found" : std::to_string(count) + " found") +
              "\n");
  return count == 0 ? kExitOk : kExitInput;
}

}  // namespace

Command check_command() {
  return {
      .name = "check",
      .summary = "Checks runbooks without running them.",
      .usage = "check [NAME|FILE|FOLDER ...] [-o json]",
      .details =
          "Syntax, unknown operations and parameters, permissions that are not declared; and what "
          "a runbook, with the modules that it requires, and a Lua plugin's plugin.lua declare. "
          "Without a word it "
          "is every runbook. The exit code is 65 when something is found.",
      .flags = {},
      .examples = {{"engine check", "Every runbook."},
                   {"engine check ./fix.lua", "A file."},
                   {"engine check runbooks -o json", "A folder, for editors."}},
      .run = run,
      .words_max = 1000,
      .word = Word::runbook};
}

}  // namespace engine::cli
