// engine trace: what a run did, as a tree of steps and operations.
#include <optional>

#include "engine/base/json_read.h"
#include "engine/cli/commands.h"
#include "engine/cli/failure.h"
#include "engine/cli/follow.h"
#include "engine/cli/records.h"
#include "engine/cli/trace_text.h"
#include "engine/ops/sealed.h"

namespace engine::cli {

namespace {

// "02:00:01.123 docker.container.stop {"id":"db"} ok  1.2s", below its steps.
std::string follow_text(const TraceNode& node, const TraceText& text, const Terminal& terminal) {
  const std::string before(static_cast<size_t>(node.depth) * 2, ' ');
  const int64_t ended = node.at + std::max<int64_t>(0, node.duration_ms);
  const std::string time = terminal.painted(Paint::dim, format_time_local(ended)) + " " + before;
  std::string lines = time + text.headline(node) + "\n";
  for (const std::string& line : text.details(node)) lines += time + "  " + line + "\n";
  return lines;
}

int follow(Session& session, Records& records, const store::RunRecord& run, bool full) {
  const TraceText text(session.out, full, "...");
  std::string followed;
  std::optional<TraceBuilder> builder;
  Follower follower(session, records, [&](const store::RunRecord& of, JsonElement entry) {
    if (followed != of.id) builder.emplace();
    followed = of.id;
    const TraceNode* node = builder->take(entry);
    if (!node) return;
    if (session.format == Format::table)
      return session.print(follow_text(*node, text, session.out));
    std::string json;
    JsonWriter out(json);
    out.begin_object().field("run", of.id);
    append_trace_fields(out, *node);
    out.end_object();
    session.print(json + "\n");
  });
  return follower.follow(run);
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto named = named_run(session, command, parsed->words);
  if (!named) return named.error();
  Records& records = *named->records;
  const store::RunRecord* record = &named->run;
  if (parsed->has("follow")) return follow(session, records, *record, parsed->has("full"));
  const Result<std::string> journal = records.journal(*record);
  if (!journal) return session.fail(journal.error());
  const auto trace = build_trace(*journal);
  if (!trace) return session.fail(trace.error());
  const std::string state = records.state(*record);
  if (session.format != Format::table) {
    std::string json;
    JsonWriter out(json);
    out.begin_object();
    append_run(out, *record, state);
    out.key("children").begin_array();
    for (const auto& child : (*trace)->children) append_trace(out, *child);
    out.end_array().end_object();
    session.print(json + "\n");
    return 0;
  }
  const Terminal& terminal = session.out;
  std::string text = "run " + record->id + "  " +
                     terminal.painted(Paint::bold, made_visible(record->runbook)) + "  " + state +
                     (record->dry_run ? " (dry run)" : "") + "  " + duration_text(*record) + "\n";
  text += terminal.painted(Paint::dim, format_time_local(record->started_at_ms) + ", by " +
                                           made_visible(record->principal));
  text += (record->params == "{}" ? "" : ", " + made_visible(ops::without_seals(record->params))) +
          "\n";
  const TraceText shown(terminal, parsed->has("full"), "no end recorded");
  session.print(text + shown.tree(**trace));
  if (!record->error.empty()) session.print(failure_text(record->error, terminal));
  return 0;
}

}  // namespace

Command trace_command() {
  return {.name = "trace",
          .summary =
              "Shows what a run did: its steps and operations with times, arguments and results.",
          .usage = "trace RUN|FILE [RUN] [--full] [--follow] [-o json]",
          .details =
              "RUN is a run's id or the beginning of one, as long as it is one run's alone; FILE "
              "what `engine export` has written, and RUN behind it another run in it. --follow "
              "shows what is recorded, a line each, and then what comes, also of a run in another "
              "process and of those that it goes on as, until it ends; the exit code is then that "
              "of `engine run`. A run whose process is gone is followed on until it is resumed. "
              "Ctrl-C leaves the run alone. With --follow -o json is a line for each thing.",
          .flags = {{"follow", 'f', "", "Goes on to show what comes, until the run ends.", false,
                     false},
                    {"full", 0, "", "Arguments and results in full.", false, false}},
          .examples = {{"engine trace 7k3", "As a tree."},
                       {"engine trace 7k3 --follow", "What it does, as it does it."},
                       {"engine trace 7k3 -o json", "For programs."},
                       {"engine trace incident.run", "What was exported elsewhere."}},
          .run = run,
          .words_min = 1,
          .words_max = 2,
          .word = Word::recorded_run};
}

}  // namespace engine::cli
