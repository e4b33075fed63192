// engine config show: every setting, its value, and where it comes from.
#include "engine/base/json.h"
#include "engine/cli/commands.h"
#include "engine/cli/session.h"
#include "engine/cli/table.h"

namespace engine::cli {

namespace {

std::string shown_value(const config::Setting& setting) {
  if (setting.hidden) return "(hidden)";
  std::string value = setting.value;
  if (value.size() > 1 && value.front() == '"' && value.find('\\') == value.npos)
    value = value.substr(1, value.size() - 2);
  return made_visible(value);
}

std::string json_of(const config::Setting& setting) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("key", setting.key);
  out.field_raw("value", setting.hidden ? "null" : setting.value);
  out.field("hidden", setting.hidden).field("origin", setting.origin).end_object();
  return json;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto config = session.config();
  if (!config) return config.error();
  Table table({"KEY", "VALUE", "ORIGIN"});
  std::vector<std::string> items;
  for (const config::Setting& setting : (*config)->settings) {
    table.row({setting.key, shown_value(setting), setting.origin});
    items.push_back(json_of(setting));
  }
  session.print_list(table, items);
  return 0;
}

}  // namespace

Command config_show_command() {
  return {.name = "config show",
          .summary = "Shows every setting, its value, and where it comes from.",
          .usage = "config show [-o json]",
          .details =
              "A value comes from its default, from the configuration file, from that file's "
              "overlay for the "
              "environment that ENGINE_ENV names (engine.toml and engine.staging.toml), from an "
              "ENGINE_ "
              "variable, or from a flag; the later one holds. Values that look like secrets are "
              "not shown.",
          .flags = {},
          .examples = {{"engine config show", "As a table."},
                       {"ENGINE_ENV=staging engine config show -o json",
                        "With the overlay of staging."}},
          .run = run};
}

}  // namespace engine::cli
