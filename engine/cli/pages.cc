#include "engine/cli/pages.h"

#include "engine/cli/command.h"
#include "engine/cli/exit_codes.h"
#include "engine/config/keys.h"
#include "engine/ops/describe.h"

namespace engine::cli {

namespace {

constexpr std::string_view kGenerated = "<!-- Made by `engine docs`; do not edit. -->\n\n";

// Text within a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string flag_rows(std::span<const Flag> flags) {
  std::string text = "| flag | meaning |\n|---|---|\n";
  for (const Flag& flag : flags) {
    std::string name = flag.letter ? std::string("-") + flag.letter + ", " : "";
    name += (flag.negatable ? "--[no-]" : "--") + flag.name +
            (flag.value.empty() ? "" : " " + flag.value);
    text += "| " + code(name) + " | " + cell(flag.help) + " |\n";
  }
  return text + "\n";
}

std::string command_section(const Command& command) {
  std::string text = "## engine " + command.name + "\n\n" + command.summary + "\n\n```\nengine " +
                     command.usage + "\n```\n\n";
  if (!command.details.empty()) text += command.details + "\n\n";
  if (!command.flags.empty()) text += flag_rows(command.flags);
  if (command.examples.empty()) return text;
  text += "| example | |\n|---|---|\n";
  for (const Example& example : command.examples)
    text += "| " + code(example.line) + " | " + cell(example.what) + " |\n";
  return text + "\n";
}

std::string field_rows(std::string_view heading, std::span<const ops::Field> fields) {
  std::string text =
      "| " + std::string(heading) + " | type | default | meaning |\n|---|---|---|---|\n";
  for (const ops::Field& field : fields) {
    text += "| " + code(field.name) + " | " + cell(ops::type_text(field)) + " | " +
            (field.required ? "required" : code(ops::default_text(field))) + " | " +
            cell(field.help) + " |\n";
  }
  return text + "\n";
}

std::string operation_section(const ops::Operation& op) {
  std::string text = "### " + op.name + "\n\n" + op.summary + "\n\n";
  text += "Effect: " + std::string(name_of(op.effect)) +
          (op.effect_of ? " at most, by its arguments" : "") + ". ";
  text += op.idempotent ? "Idempotent. " : "";
  text += "Timeout: " + format_duration(op.timeout) + ".";
  if (op.always_allowed_by_name) text += " A runbook has to allow it by name.";
  if (op.script) {
    std::string uses;
    for (const std::string& entry : op.script->uses)
      uses += (uses.empty() ? "" : ", ") + code(entry);
    text += " Written in Lua" + (uses.empty() ? "" : "; uses " + uses) + ".";
  }
  std::string errors;
  for (const std::string& error : op.errors) errors += (errors.empty() ? "" : ", ") + code(error);
  if (!errors.empty()) text += " Errors: " + errors + ".";
  text += "\n\n";
  if (!op.params.empty()) text += field_rows("parameter", op.params);
  if (!op.results.empty()) text += field_rows("result", op.results);
  return text;
}

}  // namespace

std::string command_page() {
  std::string text = "# The command line\n\n" + std::string(kGenerated);
  text +=
      "stdout carries data, stderr talk. Runs are named by the first characters of their id.\n\n";
  text += "## Flags of every command\n\n" + flag_rows(global_flags());
  text += "## Exit codes\n\n| code | meaning |\n|---|---|\n";
  for (const ExitMeaning& exit : kExitMeanings) {
    text += "| " + std::to_string(exit.code) + " | " + cell(exit.meaning) + " |\n";
  }
  text += "\n";
  for (const CommandEntry& entry : commands()) {
    const Command command = entry.make();
    if (!command.hidden) text += command_section(command);
  }
  text.pop_back();
  return text;
}

std::string config_page() {
  std::string text = "# The configuration\n\n" + std::string(kGenerated);
  text +=
      "Everything has a default. A file is TOML; it is the first there is of: `--config FILE`, "
      "`$ENGINE_CONFIG`, "
      "`$XDG_CONFIG_HOME/engine/engine.toml` (`~/.config`), `/etc/engine/engine.toml`. Where "
      "`ENGINE_ENV` names an "
      "environment, the file's overlay is read over it: `engine.toml` and then "
      "`engine.staging.toml`. Variables come "
      "over files, flags over variables. `engine config show` says where each value comes from, "
      "`engine config "
      "validate` what is wrong.\n\n"
      "A setting's variable is its name in upper case: `lua.memory` is `ENGINE_LUA_MEMORY`. In a "
      "variable, lists of "
      "paths are separated by colons, other lists by commas. Relative paths in a file start at the "
      "file's folder; "
      "`~/` is the home folder.\n\n"
      "| setting | type | default | variable | meaning |\n|---|---|---|---|---|\n";
  for (const config::Key& key : config::keys()) {
    text += "| " + code(key.name) + " | " + std::string(name_of(key.kind)) + " | " +
            code(key.fallback) + " | " + code(config::variable_of(key.name)) + " | " +
            cell(key.help) + " |\n";
  }
  text +=
      "\n## Settings of plugins\n\n"
      "A plugin's settings are the table `[plugins.NAME]`; the plugin declares them, and they are "
      "checked when it is "
      "started. `ENGINE_PLUGINS_PROCESS_MAX_TIMEOUT` is `plugins.process.max_timeout`; what is "
      "TOML in such a variable "
      "(`5`, `true`, `[\"git\", \"rg\"]`) is read as TOML, anything else is text.\n\n"
      "```toml\n[lua]\nmemory = \"128MiB\"\n\n[permissions]\ndeny = [\"process.exec\"]\n\n"
      "[plugins.process]\nmax_timeout = \"5m\"\n```\n";
  return text;
}

std::string operation_page(std::span<const ops::Operation* const> operations) {
  std::string text = "# Operations\n\n" + std::string(kGenerated);
  text += "What runbooks can call: `plugin.noun.verb{ parameter = value }`.\n\n";
  std::string_view plugin;
  for (const ops::Operation* op : operations) {
    if (op->plugin() != plugin) text += "## " + std::string(op->plugin()) + "\n\n";
    plugin = op->plugin();
    text += operation_section(*op);
  }
  text.pop_back();
  return text;
}

}  // namespace engine::cli
