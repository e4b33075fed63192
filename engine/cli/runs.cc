// engine runs: what was run, newest first.
#include <array>

#include "engine/cli/commands.h"
#include "engine/cli/records.h"
#include "engine/cli/table.h"
#include "engine/cli/waiting.h"

namespace engine::cli {

namespace {

constexpr std::string_view kInterrupted = "interrupted";
constexpr std::array kStates = std::to_array<std::string_view>(
    {"running", "waiting", "queued", "succeeded", "failed", "cancelled", "skipped", kInterrupted});
constexpr int kLimit = 50;
constexpr int kLimitMax = 100'000;

Result<int64_t> parse_since(const std::string& text) {
  if (const Result<Millis> ago = parse_duration(text); ago)
    return system_clock().wall_ms() - ago->count();
  if (const Result<int64_t> time = parse_time(text); time) return *time;
  return fail(code::kInvalidArgument, "--since cannot be '" + text + "'",
              "write 2h, 7d or 2026-11-21T02:00:00Z");
}

Result<int> parse_limit(const std::string& text) {
  int limit = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || limit > kLimitMax)
      limit = kLimitMax + 1;
    else
      limit = limit * 10 + (c - '0');
  }
  if (limit >= 1 && limit <= kLimitMax) return limit;
  return fail(code::kInvalidArgument,
              "--limit must be from 1 to " + std::to_string(kLimitMax) + ", not '" + text + "'");
}

Result<store::RunFilter> filter_of(const Parsed& parsed) {
  store::RunFilter filter;
  filter.limit = kLimit;
  filter.runbook = parsed.value("runbook").value_or("");
  filter.state = parsed.value("state").value_or("");
  bool known = filter.state.empty();
  for (const std::string_view state : kStates) known = known || filter.state == state;
  if (!known) {
    return fail(
        code::kInvalidArgument, "no state named '" + filter.state + "'",
        "use running, waiting, queued, succeeded, failed, cancelled, skipped or interrupted");
  }
  if (const auto since = parsed.value("since")) {
    const Result<int64_t> from = parse_since(*since);
    if (!from) return fail(from.error());
    filter.since_ms = *from;
  }
  if (const auto text = parsed.value("limit")) {
    const Result<int> limit = parse_limit(*text);
    if (!limit) return fail(limit.error());
    filter.limit = *limit;
  }
  return filter;
}

struct Listed {
  store::RunRecord run;
  std::string state;
};

// The store cannot know which of the running runs have lost their process.
Result<std::vector<Listed>> find_runs(Records& records, store::RunFilter filter) {
  const std::string wanted = filter.state;
  const auto most = static_cast<size_t>(filter.limit);
  if (wanted == kInterrupted || wanted == "queued") filter.state = "running";
  std::vector<Listed> listed;
  for (;;) {
    auto page = store::list_runs(records.db(), filter);
    if (!page) return fail(page.error());
    const bool last = page->size() < most;
    for (store::RunRecord& run : *page) {
      filter.before_key = run.key;
      std::string state = records.state(run);
      if (!wanted.empty() && state != wanted) continue;
      listed.push_back({std::move(run), std::move(state)});
      if (listed.size() == most) return listed;
    }
    if (last) return listed;
  }
}

Paint paint_of(std::string_view state) {
  if (state == "succeeded") return Paint::green;
  if (state == "queued" || state == "skipped") return Paint::yellow;
  return state == "running" || state == "waiting" ? Paint::blue : Paint::red;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const Result<store::RunFilter> filter = filter_of(*parsed);
  if (!filter) return session.usage_error(filter.error(), command);
  const auto config = session.config();
  if (!config) return config.error();
  if (parsed->has("waiting")) return show_waiting(session, **config, filter->limit);
  Table table({"RUN", "STATE", "STARTED", "DURATION", "BY", "RUNBOOK"});
  std::vector<std::string> items;
  const auto records = Records::open(**config);
  if (!records && records.error().code != code::kNotFound) return session.fail(records.error());
  if (records) {
    const auto found = find_runs(**records, *filter);
    if (!found) return session.fail(found.error());
    for (const auto& [run, state] : *found) {
      table.row({run.id, session.out.painted(paint_of(state), state),
                 format_time_local(run.started_at_ms), duration_text(run),
                 made_visible(run.principal),
                 made_visible(run.runbook) + (run.dry_run ? " (dry run)" : "")});
      std::string json;
      JsonWriter out(json);
      out.begin_object();
      append_run(out, run, state);
      out.end_object();
      items.push_back(std::move(json));
    }
  }
  session.print_list(table, items);
  if (items.empty()) session.say("there are no such runs\n");
  return 0;
}

}  // namespace

Command runs_command() {
  return {
      .name = "runs",
      .summary = "Lists runs, newest first.",
      .usage =
          "runs [--runbook NAME] [--state STATE] [--since TIME] [--limit N] [--waiting] [-o json]",
      .details =
          "A run whose process is gone without having recorded an end is shown as interrupted; "
          "queued is one that may not begin yet, skipped one that its runbook did not let begin. "
          "--waiting lists instead what runs wait for, a line for each, longest first: approvals, "
          "signals, times, locks, seats; and who has those.",
      .flags = {{"runbook", 'r', "NAME", "Only runs of this runbook.", false, false},
                {"state",
                 's',
                 "STATE",
                 "running, waiting, queued, succeeded, failed, cancelled, skipped or interrupted.",
                 false,
                 false,
                 {"running", "waiting", "queued", "succeeded", "failed", "cancelled", "skipped",
                  "interrupted"}},
                {"since", 0, "TIME", "Only runs started since: 2h, 7d, or a time.", false, false},
                {"waiting", 'w', "", "What runs wait for, and since when.", false, false},
                {"limit", 'l', "N", "At most so many (default 50).", false, false}},
      .examples = {{"engine runs --state failed --since 1d", "What failed today."},
                   {"engine runs --waiting", "Who waits for an approval, or a signal."},
                   {"engine runs -o json | jq '.[0].run'", "The newest run's id."}},
      .run = run};
}

}  // namespace engine::cli
