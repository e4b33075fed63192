// engine why: why a run waits, failed, was taken over, is in doubt.
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/facts.h"
#include "engine/cli/inquiry.h"

namespace engine::cli {

namespace {

std::string indent(int depth) { return std::string(static_cast<size_t>(depth) * 2, ' '); }

// "since 14:02 (3m), fix.lua:12, in step 'Clean up'"
std::string where_text(const Cause& cause, int64_t now_ms) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (cause.at_ms > 0) {
    add(format_time_local(cause.at_ms) + " (" +
        human_duration(Millis(std::max<int64_t>(0, now_ms - cause.at_ms))) + " ago)");
  }
  if (!cause.line.empty()) add(made_visible(cause.line));
  if (!cause.step.empty()) add("in step '" + made_visible(cause.step) + "'");
  return text;
}

std::string text_of(const std::vector<Cause>& causes, int64_t now_ms, const Terminal& terminal) {
  std::string text, run = causes.empty() ? "" : causes.front().run;
  int depth = 0;
  for (const Cause& cause : causes) {
    const std::string before = indent(cause.depth);
    // Back in a run whose chain was left for another's, the indentation tells.
    if (cause.run != run && cause.depth >= depth) {
      const std::string name = cause.runbook.empty() ? "" : "  " + made_visible(cause.runbook);
      text += before + terminal.painted(Paint::bold, "run " + cause.run) + name + "\n";
    }
    run = cause.run;
    depth = cause.depth;
    text += before + cause.text + "\n";
    if (const std::string where = where_text(cause, now_ms); !where.empty())
      text += before + "    " + terminal.painted(Paint::dim, where) + "\n";
    if (!cause.next.empty())
      text += before + "    " + terminal.painted(Paint::bold, "next:") + " " + cause.next + "\n";
  }
  return text;
}

void append_cause(JsonWriter& out, const Cause& cause) {
  out.begin_object().field("kind", cause.kind).field("run", cause.run).field("text", cause.text);
  if (cause.at_ms > 0) out.field("at", format_time_utc(cause.at_ms));
  if (!cause.line.empty()) out.field("line", cause.line);
  if (!cause.step.empty()) out.field("step", cause.step);
  if (!cause.next.empty()) out.field("next", cause.next);
  out.field("depth", cause.depth);
  out.field_raw("details", cause.details.empty() ? "null" : cause.details).end_object();
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto named = named_run(session, command, parsed->words);
  if (!named) return named.error();
  Records& records = *named->records;
  const store::RunRecord* record = &named->run;
  const Facts facts = records.exported() ? noted_facts(records) : known_facts(session);
  const auto causes = Inquiry(records, facts).causes(*record);
  if (!causes) return session.fail(causes.error());
  const std::string state = records.state(*record);
  if (session.format == Format::table) {
    session.print("run " + record->id + "  " +
                  session.out.painted(Paint::bold, made_visible(record->runbook)) + "  " + state +
                  (record->dry_run ? " (dry run)" : "") + "\n" +
                  text_of(*causes, records.now_ms(), session.out));
    return kExitOk;
  }
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  append_run(out, *record, state);
  out.key("causes").begin_array();
  for (const Cause& cause : *causes) append_cause(out, cause);
  out.end_array().end_object();
  session.print(json + "\n");
  return kExitOk;
}

}  // namespace

Command why_command() {
  return {.name = "why",
          .summary = "Tells why a run waits, failed, was taken over or is in doubt.",
          .usage = "why RUN|FILE [RUN] [-o json]",
          .details =
              "A chain of causes, the most immediate first: for what it waits and since when, who "
              "holds the lock that it wants (and why that run does not go on), which call failed "
              "and what was tried before, what a process that is gone has left in doubt, who "
              "cancelled it, took it up, started it. Each with its time, the runbook's line, and "
              "what to do next. FILE is what `engine export` has written, and RUN behind it "
              "another run in it: the answer is then as it was when it was exported.",
          .flags = {},
          .examples = {{"engine why 7k3", "In words."},
                       {"engine why 7k3 -o json | jq -r '.causes[].kind'", "For programs."}},
          .run = run,
          .words_min = 1,
          .words_max = 2,
          .word = Word::recorded_run};
}

}  // namespace engine::cli
