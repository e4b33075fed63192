#include "engine/cli/waiting.h"

#include "engine/cli/records.h"
#include "engine/cli/table.h"
#include "engine/cli/waits.h"

namespace engine::cli {

namespace {

std::string json_of(const store::Waiting& waiting, const store::RunRecord& run,
                    const std::string& state, const std::vector<store::Next>& ahead) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("run", run.id).field("runbook", run.runbook).field("state", state);
  out.field("waits_for", waiting.kind).field_raw("what", waiting.what);
  out.field("place", waiting.place).field("line", waiting.line);
  out.key("behind").begin_array();
  for (const store::Next& other : ahead) out.string(other.run);
  out.end_array().field("since", format_time_utc(waiting.since_ms));
  const int64_t until_ms = read_wait(waiting).until_ms;
  if (until_ms > 0) out.field("until", format_time_utc(until_ms));
  out.end_object();
  return json;
}

}  // namespace

int show_waiting(Session& session, const config::Config& config, int limit) {
  Table table({"RUN", "SINCE", "WAITS FOR", "PLACE", "RUNBOOK"});
  std::vector<std::string> items;
  const auto records = Records::open(config);
  if (!records && records.error().code != code::kNotFound) return session.fail(records.error());
  if (records) {
    const auto waiting = store::list_waiting((*records)->db(), "", limit);
    if (!waiting) return session.fail(waiting.error());
    for (const store::Waiting& one : *waiting) {
      const Result<store::RunRecord> run = (*records)->find(one.run);
      if (!run) return session.fail(run.error());
      const std::string state = (*records)->state(*run);
      const auto ahead = (*records)->ahead_of(one);
      if (!ahead) return session.fail(ahead.error());
      table.row({run->id, format_time_local(one.since_ms), told(**records, one), one.place,
                 made_visible(run->runbook) + (state == "running" ? "" : " (" + state + ")")});
      items.push_back(json_of(one, *run, state, *ahead));
    }
  }
  session.print_list(table, items);
  if (items.empty()) session.say("no run waits for anything\n");
  return 0;
}

}  // namespace engine::cli
