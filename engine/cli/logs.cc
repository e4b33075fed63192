// engine logs: what a run logged.
#include "engine/base/json_read.h"
#include "engine/cli/commands.h"
#include "engine/cli/records.h"

namespace engine::cli {

namespace {

std::string text_of(JsonElement entry, const Terminal& terminal) {
  const std::string level(json_string(entry, "level").value_or(""));
  const Paint paint = level == "error" ? Paint::red : level == "warn" ? Paint::yellow : Paint::none;
  std::string padded = made_visible(level);
  padded.resize(std::max<size_t>(padded.size(), 5), ' ');
  std::string text =
      terminal.painted(Paint::dim, format_time_local(json_integer(entry, "at").value_or(0))) + " " +
      terminal.painted(paint, padded) + " " + made_visible(json_string(entry, "msg").value_or(""));
  if (const auto fields = json_member(entry, "fields")) {
    text += " " + terminal.painted(Paint::dim, made_visible(json_text(*fields)));
  }
  return text + "\n";
}

std::string json_of(JsonElement entry) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("at", format_time_utc(json_integer(entry, "at").value_or(0)));
  out.field("level", json_string(entry, "level").value_or(""));
  out.field("message", json_string(entry, "msg").value_or(""));
  if (const auto fields = json_member(entry, "fields")) out.field_raw("fields", json_text(*fields));
  if (const auto step = json_integer(entry, "step")) out.field("step", *step);
  out.end_object();
  return json;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto config = session.config();
  if (!config) return config.error();
  const auto records = Records::open(**config);
  if (!records) return session.fail(records.error());
  const Result<store::RunRecord> record = (*records)->find(parsed->words[0]);
  if (!record) return session.fail(record.error());
  const Result<std::string> journal = (*records)->journal(*record);
  if (!journal) return session.fail(journal.error());
  const Result<JsonDocument> entries = read_json(*journal);
  if (!entries) return session.fail(entries.error());
  std::string text;
  std::vector<std::string> items;
  for (const JsonElement entry : simdjson::dom::array(entries->root())) {
    if (json_string(entry, "t") != "log") continue;
    if (session.format == Format::table)
      text += text_of(entry, session.out);
    else
      items.push_back(json_of(entry));
  }
  if (session.format == Format::table)
    session.print(text);
  else
    session.print_list(items);
  if (text.empty() && items.empty()) session.say("run " + record->id + " logged nothing\n");
  return 0;
}

}  // namespace

Command logs_command() {
  return {
      .name = "logs",
      .summary = "Shows what a run logged.",
      .usage = "logs RUN [-o json|jsonl]",
      .details = "RUN is a run's id or the beginning of one, as long as it is one run's alone.",
      .flags = {},
      .examples = {{"engine logs 7k3", "As text."}, {"engine logs 7k3 -o jsonl", "For programs."}},
      .run = run,
      .words_min = 1,
      .words_max = 1,
      .word = Word::run};
}

}  // namespace engine::cli
