// What a run waits for or is at, and who is in the way.
#include "engine/base/json.h"
#include "engine/cli/inquiry.h"
#include "engine/cli/terminal.h"
#include "engine/store/tickets.h"

namespace engine::cli {

namespace {

constexpr int kWaitsMax = 100;

std::string quoted(const std::string& text) { return "'" + made_visible(text) + "'"; }

// What happens when nobody comes.
std::string end_text(const Wait& wait) {
  if (wait.until_ms == 0) return "; it waits without an end";
  const std::string at = "; at " + format_time_local(wait.until_ms);
  if (!wait.otherwise.empty()) return at + " it takes " + quoted(wait.otherwise);
  return at + " it gives up with TIMEOUT";
}

std::string wait_text(const Wait& wait) {
  const std::string until = format_time_local(wait.until_ms);
  if (wait.kind == "approval") {
    return "it waits for the approval " + quoted(wait.message) + " (" +
           made_visible(joined_words(wait.choices)) + "), which " +
           (wait.by.empty() ? std::string("anybody") : made_visible(joined_words(wait.by))) +
           " may give" + end_text(wait);
  }
  if (wait.kind == "signal" || wait.kind == "event") {
    return "it waits for the " + wait.kind + " " + quoted(wait.name) +
           (wait.match.empty() ? "" : " with " + made_visible(wait.match)) + end_text(wait) +
           (wait.away.empty() ? "" : "; its backend is away: " + made_visible(wait.away));
  }
  if (wait.kind == "sleep") return "it sleeps until " + until;
  if (wait.kind == "retry") return "it waits until " + until + " before it tries again";
  return "it waits for " + wait.text + (wait.until_ms == 0 ? "" : ", until " + until);
}

std::string next_of(const Wait& wait, const std::string& run, const std::string& place,
                    bool several) {
  const std::string which = several ? " --place " + place : "";
  if (wait.kind == "approval") {
    const std::string answer = "engine approve " + run + which;
    const bool plain = wait.choices == std::vector<std::string>{"approve", "reject"};
    if (plain) return answer + ", or " + answer + " --choice reject";
    std::string choices;
    for (const std::string& choice : wait.choices) choices += (choices.empty() ? "" : "|") + choice;
    return answer + " --choice " + made_visible(choices);
  }
  if (wait.kind == "signal")
    return "engine signal " + run + " " + made_visible(wait.name) +
           (wait.match.empty() ? "" : " --data '" + made_visible(wait.match) + "'");
  if (wait.kind == "sleep" || wait.kind == "retry")
    return "nothing: it goes on by itself; engine cancel " + run + " ends it";
  return "";
}

std::string details_of(const store::Waiting& waiting, const Wait& wait) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("place", waiting.place).field_raw("what", waiting.what);
  if (wait.until_ms > 0) out.field("until", format_time_utc(wait.until_ms));
  out.end_object();
  return json;
}

}  // namespace

Result<void> Inquiry::waits(const Subject& subject) {
  const auto waiting = store::list_waiting(records_.db(), subject.run.id, kWaitsMax);
  if (!waiting) return fail(waiting.error());
  int approvals = 0;
  for (const store::Waiting& one : *waiting) approvals += one.kind == "approve" ? 1 : 0;
  for (const store::Waiting& one : *waiting) {
    if (Result<void> told = wait(subject, one, approvals > 1); !told) return told;
  }
  if (subject.state == "running") works(subject, !waiting->empty());
  return {};
}

Result<void> Inquiry::wait(const Subject& subject, const store::Waiting& waiting, bool several) {
  const Wait wait = read_wait(waiting);
  Cause cause{.kind = wait.kind,
              .text = wait_text(wait),
              .at_ms = waiting.since_ms,
              .line = waiting.line,
              .step = subject.history.open_step(),
              .next = next_of(wait, subject.run.id, waiting.place, several),
              .details = details_of(waiting, wait)};
  const bool gone = subject.state == "interrupted";
  if (gone && (wait.kind == "approval" || wait.kind == "signal"))
    cause.next += "; it is read when the run is resumed";
  if (gone && (wait.kind == "sleep" || wait.kind == "retry"))
    cause.next = "engine resume " + subject.run.id + " goes on with it when that time has come";
  if (wait.kind == "lock") return lock(subject, std::move(cause), wait, waiting.place);
  if (wait.kind == store::kQueue) return turn(subject, std::move(cause), waiting);
  add(subject, std::move(cause));
  if (wait.kind == "retry") retried(subject, nullptr);
  if (wait.kind != "child") return {};
  causes_.back().next = "engine why " + wait.name;
  return ask_other(wait.name);
}

// For a seat of its runbook's or of its process: whoever has one is in the way.
Result<void> Inquiry::turn(const Subject& subject, Cause cause, const store::Waiting& waiting) {
  const auto ahead = records_.ahead_of(waiting);
  if (!ahead) return fail(ahead.error());
  const Result<JsonDocument> what = read_json(waiting.what);
  if (!what) return fail(what.error());
  if (!ahead->empty()) {
    cause.text = "it waits for its turn, behind run " + ahead->front().run +
                 (ahead->size() > 1 ? " and others" : "");
    cause.next = "engine why " + ahead->front().run;
  } else if (json_boolean(what->root(), "process").value_or(false)) {
    cause.text = process_of(subject.run) + " carries as many runs as it may: " +
                 std::to_string(json_integer(what->root(), "limit").value_or(0));
    cause.next = "nothing: it begins when one of them ends; limits.runs allows more";
  } else {
    cause.text = "nobody is before it any more: it begins in a moment";
  }
  add(subject, std::move(cause));
  return ahead->empty() ? Result<void>() : ask_other(ahead->front().run);
}

Result<void> Inquiry::lock(const Subject& subject, Cause cause, const Wait& wait,
                           const std::string& place) {
  const auto holder = store::holder_of(records_.db(), wait.name);
  const auto before = store::before_ticket(records_.db(), subject.run.id, place);
  if (!holder || !before) return fail(holder ? before.error() : holder.error());
  cause.text = "it waits for the lock " + quoted(wait.name);
  if (*holder && (*holder)->run == subject.run.id && (*holder)->place != place) {
    cause.text += ", which it holds itself" + end_text(wait);
    cause.next = "engine cancel " + subject.run.id + " ends it; a run takes a lock once";
    add(subject, std::move(cause));
    return {};
  }
  if (!*holder || (*holder)->run == subject.run.id) {
    cause.text += ", which nobody else holds: it takes it when it comes to it";
    add(subject, std::move(cause));
    return {};
  }
  const std::string& id = (*holder)->run;
  const auto other = store::find_run(records_.db(), id);
  cause.text += ", which run " + id + (other ? " (" + made_visible(other->runbook) + ")" : "");
  const auto journal = other ? records_.journal(*other) : fail(other.error());
  const auto history = journal ? History::read(*journal) : fail(journal.error());
  if (const auto taken = history ? history->lock_at((*holder)->place) : std::nullopt) {
    cause.text += " holds since " +
                  format_time_local(entry_number(*taken, "at") + entry_number(*taken, "ms")) +
                  " at " + made_visible(entry_text(*taken, "line"));
  } else {
    cause.text += " holds";
  }
  if ((*holder)->until_ms > 0)
    cause.text += ", until " + format_time_local((*holder)->until_ms) + " at the latest";
  if (before->size() > 1)
    cause.text += "; " + std::to_string(before->size() - 1) + " more stand before it";
  cause.text += end_text(wait);
  cause.next = "engine why " + id + "; engine cancel " + id + " lets go of it";
  add(subject, std::move(cause));
  return ask_other(id);
}

// Reads are recorded when they end, so that what is at work may be known from its step alone.
void Inquiry::works(const Subject& subject, bool waits) {
  const History& history = subject.history;
  const History::Entries open = history.open_calls();
  for (const JsonElement call : open) {
    const std::string progress = history.progress_of(call);
    const std::vector<std::string> steps = history.steps_of(entry_number(call, "step"));
    add(subject, {.kind = "operation",
                  .text = call_text(call) + " is under way, in " + process_of(subject.run) +
                          (progress.empty() ? "" : "; last heard of it: " + made_visible(progress)),
                  .at_ms = entry_number(call, "at"),
                  .line = entry_text(call, "line"),
                  .step = steps.empty() ? "" : steps.front(),
                  .next = "engine trace " + subject.run.id + " --follow shows how it goes on",
                  .details = json_text(call)});
  }
  if (waits || !open.empty()) return;
  add(subject, {.kind = "working",
                .text = "it computes or reads, in " + process_of(subject.run) +
                        ": no wait and no change of it is under way; this is when it recorded "
                        "something last",
                .at_ms = history.last_at(),
                .step = history.open_step(),
                .next = "engine trace " + subject.run.id + " --follow shows how it goes on"});
}

}  // namespace engine::cli
