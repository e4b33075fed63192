// engine ops: the operations there are, from their declarations.
#include "engine/base/text.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/table.h"
#include "engine/ops/describe.h"

namespace engine::cli {

namespace {

bool is_under(const ops::Operation& op, const std::string& prefix) {
  return prefix.empty() || op.name == prefix || op.name.starts_with(prefix + ".");
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string limits(const ops::Field& field) {
  std::string text = field.help;
  if (field.required) text += " [required]";
  if (const std::string fallback = ops::default_text(field); !fallback.empty())
    text += " [default: " + fallback + "]";
  return text;
}

std::string one(const ops::Operation& op, const Terminal& terminal) {
  std::string text = terminal.painted(Paint::bold, op.name) + "\n" + op.summary + "\n\n";
  text += "effect:     " + std::string(name_of(op.effect)) +
          (op.effect_of ? " at most, by its arguments" : "") + "\n";
  text += std::string("idempotent: ") + (op.idempotent ? "yes" : "no") + "\n";
  text += "timeout:    " + format_duration(op.timeout) + "\n";
  if (op.always_allowed_by_name) text += "allow:      always by name, \"" + op.name + "\"\n";
  if (op.script) {
    text += "plugin:     in Lua, " + op.script->file + "\n";
    text +=
        "uses:       " + (op.script->uses.empty() ? "only what looks" : joined(op.script->uses)) +
        "\n";
  }
  if (!op.errors.empty()) text += "errors:     " + joined(op.errors) + "\n";
  if (!op.params.empty()) {
    Table table({"PARAMETER", "TYPE", "MEANING"});
    for (const ops::Field& field : op.params)
      table.row({field.name, ops::type_text(field), limits(field)});
    text += "\n" + table.text(terminal);
  }
  if (!op.results.empty()) {
    Table table({"RESULT", "TYPE", "MEANING"});
    for (const ops::Field& field : op.results)
      table.row({field.name, ops::type_text(field), field.help});
    text += "\n" + table.text(terminal);
  }
  return text;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  ops::Registry& registry = (*catalog)->registry;
  const std::string prefix = parsed->words.empty() ? "" : parsed->words[0];
  std::vector<const ops::Operation*> found;
  std::vector<std::string> names;
  for (const ops::Operation* op : registry.all()) {
    if (is_under(*op, prefix)) found.push_back(op);
    names.push_back(op->name);
    names.emplace_back(op->plugin());
  }
  if (found.empty() && !prefix.empty()) {
    const auto near = nearest(prefix, names);
    return session.fail(Error(code::kNotFound, "no operation or plugin named '" + prefix + "'",
                              near ? "did you mean '" + *near + "'?" : "`engine ops` lists them"));
  }
  if (session.format == Format::table && found.size() == 1 && found[0]->name == prefix) {
    session.print(one(*found[0], session.out));
    return 0;
  }
  Table table({"OPERATION", "EFFECT", "SUMMARY"});
  std::vector<std::string> items;
  for (const ops::Operation* op : found) {
    table.row({op->name, std::string(name_of(op->effect)), op->summary});
    if (session.format != Format::table) items.push_back(ops::describe(*op));
  }
  session.print_list(table, items);
  return 0;
}

}  // namespace

Command ops_command() {
  return {.name = "ops",
          .summary = "Lists the operations that runbooks can call.",
          .usage = "ops [PLUGIN[.NOUN]|OPERATION] [-o json]",
          .details = "",
          .flags = {},
          .examples = {{"engine ops", "All of them."},
                       {"engine ops fs", "Those of a plugin."},
                       {"engine ops process.exec", "One, with its parameters and results."},
                       {"engine ops -o json", "The declarations, for programs."}},
          .run = run,
          .words_max = 1,
          .word = Word::plugin};
}

}  // namespace engine::cli
