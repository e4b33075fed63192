// engine logs: what a run logged.
#include "engine/base/json_read.h"
#include "engine/cli/commands.h"
#include "engine/cli/follow.h"
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

std::string json_of(const std::string& run, JsonElement entry) {
  std::string json;
  JsonWriter out(json);
  out.begin_object()
      .field("run", run)
      .field("at", format_time_utc(json_integer(entry, "at").value_or(0)));
  out.field("level", json_string(entry, "level").value_or(""));
  out.field("message", json_string(entry, "msg").value_or(""));
  if (const auto fields = json_member(entry, "fields")) out.field_raw("fields", json_text(*fields));
  if (const auto step = json_integer(entry, "step")) out.field("step", *step);
  out.end_object();
  return json;
}

int follow(Session& session, Records& records, const store::RunRecord& record) {
  Follower follower(session, records, [&](const store::RunRecord& of, JsonElement entry) {
    if (json_string(entry, "t") != "log") return;
    session.print(session.format == Format::table ? text_of(entry, session.out)
                                                  : json_of(of.id, entry) + "\n");
  });
  return follower.follow(record);
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto named = named_run(session, command, parsed->words);
  if (!named) return named.error();
  Records& records = *named->records;
  const store::RunRecord* record = &named->run;
  if (parsed->has("follow")) return follow(session, records, *record);
  const Result<std::string> journal = records.journal(*record);
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
      items.push_back(json_of(record->id, entry));
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
  return {.name = "logs",
          .summary = "Shows what a run logged.",
          .usage = "logs RUN|FILE [RUN] [--follow] [-o json|jsonl]",
          .details =
              "RUN is a run's id or the beginning of one, as long as it is one run's alone; FILE "
              "what `engine export` has written, and RUN behind it another run in it. --follow "
              "shows what it has logged, and then what it logs, also of a run in another process "
              "and of those that it goes on as, until it ends; the exit code is then that of "
              "`engine run`. A run whose process is gone is followed on until it is resumed. "
              "Ctrl-C leaves the run alone. With --follow -o json is a line for each message.",
          .flags = {{"follow", 'f', "", "Goes on to show what comes, until the run ends.", false,
                     false}},
          .examples = {{"engine logs 7k3", "As text."},
                       {"engine logs 7k3 --follow", "What it says, as it says it."},
                       {"engine logs 7k3 -o jsonl", "For programs."}},
          .run = run,
          .words_min = 1,
          .words_max = 2,
          .word = Word::recorded_run};
}

}  // namespace engine::cli
