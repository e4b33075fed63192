// engine plugins: the plugins there are, and what is wrong with those that can't be used.
#include "engine/base/json.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/table.h"

namespace engine::cli {

namespace {

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  Table table({"PLUGIN", "VERSION", "OPERATIONS", "STATE", "ORIGIN", "SUMMARY"});
  table.right_aligned(2);
  std::vector<std::string> items;
  for (const plugin::PluginStatus& status : (*catalog)->plugins.list()) {
    std::string uses;
    for (const std::string& entry : status.uses) uses += (uses.empty() ? "" : ", ") + entry;
    const std::string summary =
        uses.empty() ? status.summary : status.summary + " Uses " + uses + ".";
    table.row({status.name, status.version, std::to_string(status.operations), status.state,
               made_visible(status.origin),
               status.error.empty() ? summary : made_visible(status.error)});
    std::string json;
    JsonWriter out(json);
    out.begin_object().field("name", status.name).field("version", status.version);
    out.field("summary", status.summary)
        .field("origin", status.origin)
        .field("state", status.state);
    out.field("error", status.error).field("operations", static_cast<int64_t>(status.operations));
    out.key("uses").begin_array();
    for (const std::string& entry : status.uses) out.string(entry);
    out.end_array().end_object();
    items.push_back(std::move(json));
  }
  session.print_list(table, items);
  return 0;
}

}  // namespace

Command plugins_command() {
  return {.name = "plugins",
          .summary = "Lists the plugins.",
          .usage = "plugins [-o json]",
          .details = "",
          .flags = {},
          .examples = {{"engine plugins", "As a table."}},
          .run = run};
}

}  // namespace engine::cli
