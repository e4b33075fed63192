// engine show: what a runbook declares.
#include "engine/base/json.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/inspect.h"
#include "engine/cli/table.h"
#include "engine/ops/describe.h"
#include "engine/triggers/declared.h"

namespace engine::cli {

namespace {

std::string json_of(const runs::Source& source, const lua::RunbookInfo& info) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("name", source.name).field("file", source.file);
  out.field("summary", info.summary).field("help", info.help).field("severity", info.severity);
  out.key("params").begin_array();
  for (const ops::Field& field : info.params) ops::append_field(out, field);
  out.end_array().key("allow").begin_array();
  for (const std::string& entry : info.allow) out.string(entry);
  out.end_array().field("timeout_ms", static_cast<int64_t>(info.timeout.count()));
  out.key("concurrency");
  if (info.concurrency.limit == 0) {
    out.null();
  } else {
    out.begin_object().field("limit", info.concurrency.limit).field("by", info.concurrency.by);
    out.field("on_conflict", name_of(info.concurrency.on_conflict)).end_object();
  }
  out.field("priority", lua::name_of(info.priority));
  out.field_raw("triggers", info.triggers.empty() ? "[]" : info.triggers).end_object();
  return json;
}

std::string text_of(const runs::Source& source, const lua::RunbookInfo& info,
                    const Terminal& terminal) {
  std::string text = terminal.painted(Paint::bold, made_visible(source.name)) + "\n" +
                     made_visible(info.summary) + "\n";
  if (!info.help.empty()) text += "\n" + made_visible(info.help) + "\n";
  std::string allowed;
  for (const std::string& entry : info.allow) allowed += (allowed.empty() ? "" : ", ") + entry;
  text += "\nfile:     " + made_visible(source.file) + "\n";
  if (!info.severity.empty()) text += "severity: " + made_visible(info.severity) + "\n";
  text += "may:      " + (allowed.empty() ? "only look" : "look, " + made_visible(allowed)) + "\n";
  if (info.timeout.count() > 0) text += "timeout:  " + format_duration(info.timeout) + "\n";
  if (info.concurrency.limit > 0) {
    const std::string& by = info.concurrency.by;
    text += "at once:  " + std::to_string(info.concurrency.limit) +
            (by.empty() ? "" : " for each " + by) + ", else " +
            std::string(name_of(info.concurrency.on_conflict)) + "\n";
  }
  if (info.priority != Priority::normal)
    text += "priority: " + std::string(lua::name_of(info.priority)) + "\n";
  if (!info.triggers.empty() && info.triggers != "[]")
    text += "triggers: " + made_visible(info.triggers) + "\n";
  if (info.params.empty()) return text;
  Table table({"PARAMETER", "TYPE", "DEFAULT", "MEANING"});
  for (const ops::Field& field : info.params) {
    table.row({field.name, ops::type_text(field),
               field.required ? "(required)" : ops::default_text(field), made_visible(field.help)});
  }
  return text + "\n" + table.text(terminal);
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  const Result<runs::Source> source = (*catalog)->library.runbook(parsed->words[0]);
  if (!source) return session.fail(source.error());
  const Result<lua::RunbookInfo> info = inspect(**catalog, *source);
  if (!info) return session.fail(info.error());
  if (const auto declared = triggers::read_triggers(*info, *source); !declared)
    return session.fail(declared.error());
  session.print(session.format == Format::table ? text_of(*source, *info, session.out)
                                                : json_of(*source, *info) + "\n");
  return 0;
}

}  // namespace

Command show_command() {
  return {.name = "show",
          .summary = "Shows what a runbook declares: parameters, permissions, triggers.",
          .usage = "show NAME|FILE [-o json]",
          .details = "",
          .flags = {},
          .examples = {{"engine show quickstart", "By name."},
                       {"engine show ./fix.lua -o json", "A file, for programs."}},
          .run = run,
          .words_min = 1,
          .words_max = 1,
          .word = Word::runbook};
}

}  // namespace engine::cli
