// engine list: the runbooks there are.
#include "engine/base/json.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/inspect.h"
#include "engine/cli/table.h"

namespace engine::cli {

namespace {

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  Table table({"RUNBOOK", "SUMMARY"});
  std::vector<std::string> items;
  for (const runs::Source& listed : (*catalog)->library.list()) {
    Result<lua::RunbookInfo> info = fail(code::kNotFound, "");
    if (const Result<runs::Source> source = (*catalog)->library.runbook(listed.name); source) {
      info = inspect(**catalog, *source);
    } else {
      info = fail(source.error());
    }
    std::string json;
    JsonWriter out(json);
    out.begin_object().field("name", listed.name).field("file", listed.file);
    if (info) {
      out.field("summary", info->summary).field("severity", info->severity);
      table.row({listed.name, made_visible(info->summary)});
    } else {
      out.field("problem", info.error().message);
      table.row({listed.name, "broken: `engine check " + listed.file + "` tells why"});
    }
    out.end_object();
    items.push_back(std::move(json));
  }
  session.print_list(table, items);
  if (items.empty())
    session.say("there are no runbooks in the folders that `engine config show` lists\n");
  return 0;
}

}  // namespace

Command list_command() {
  return {.name = "list",
          .summary = "Lists the runbooks.",
          .usage = "list [-o json]",
          .details =
              "They are looked for in the folders of the setting `runbooks`; the first of a name "
              "holds.",
          .flags = {},
          .examples = {{"engine list", "As a table."}, {"engine list -o json", "For programs."}},
          .run = run};
}

}  // namespace engine::cli
