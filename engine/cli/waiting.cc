#include "engine/cli/waiting.h"

#include "engine/base/json_read.h"
#include "engine/cli/records.h"
#include "engine/cli/table.h"

namespace engine::cli {

namespace {

// "approval: Remove 3 hosts? (approve, reject)", "signal ready".
std::string in_words(const store::Waiting& waiting) {
  const Result<JsonDocument> what = read_json(waiting.what);
  if (!what) return waiting.kind;
  const JsonElement root = what->root();
  const auto text = [&](std::string_view name) {
    return made_visible(json_string(root, name).value_or(""));
  };
  if (const std::string source = text("event"); !source.empty()) {
    const std::string away = text("away");
    return "event " + source + (away.empty() ? "" : " (not followed now: " + away + ")");
  }
  if (waiting.kind == "wait_for") return "signal " + text("signal");
  if (waiting.kind == "lock") return "lock " + text("name");
  if (waiting.kind == "await_run" || waiting.kind == "stop_run")
    return (waiting.kind == "stop_run" ? "the end of run " : "run ") + text("run") + " (" +
           text("runbook") + ")";
  if (waiting.kind == store::kQueue) return "its turn";
  std::string choices;
  if (const auto list = json_member(root, "choices")) {
    for (const JsonElement choice : simdjson::dom::array(*list))
      choices += (choices.empty() ? "" : ", ") + made_visible(std::string_view(choice));
  }
  return "approval: " + text("message") + " (" + choices + ")";
}

std::string behind(const std::vector<store::Next>& ahead) {
  std::string text;
  for (const store::Next& other : ahead)
    text += (text.empty() ? ", behind run " : ", ") + other.run;
  return text;
}

std::string json_of(const store::Waiting& waiting, const store::RunRecord& run,
                    const std::string& state, const std::vector<store::Next>& ahead) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("run", run.id).field("runbook", run.runbook).field("state", state);
  out.field("waits_for", waiting.kind).field_raw("what", waiting.what);
  out.field("place", waiting.place).field("line", waiting.line);
  out.key("behind").begin_array();
  for (const store::Next& other : ahead) out.string(other.run);
  out.end_array().field("since", format_time_utc(waiting.since_ms)).end_object();
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
      table.row({run->id, format_time_local(one.since_ms), in_words(one) + behind(*ahead),
                 one.place,
                 made_visible(run->runbook) + (state == "running" ? "" : " (" + state + ")")});
      items.push_back(json_of(one, *run, state, *ahead));
    }
  }
  session.print_list(table, items);
  if (items.empty()) session.say("no run waits for anybody\n");
  return 0;
}

}  // namespace engine::cli
