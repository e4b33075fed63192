// What failed, what was tried before, and what is in doubt.
#include <algorithm>

#include "engine/cli/inquiry.h"
#include "engine/cli/terminal.h"

namespace engine::cli {

namespace {

std::string error_text_of(const Error& error) {
  return made_visible(error.message) + " (" + made_visible(error.code) + ")";
}

bool is_call_end(JsonElement entry) {
  const std::string kind = entry_text(entry, "t");
  return (kind == "op" || kind == "result") && json_member(entry, "error").has_value();
}

Error error_in(JsonElement entry) { return error_from_json(entry_json(entry, "error")); }

bool is_same(const Error& one, const Error& other) {
  return one.code == other.code && one.message == other.message;
}

bool is_like(const Error& one, const Error& other) {
  return is_same(one, other) || (!one.operation.empty() && one.operation == other.operation);
}

std::string next_after(const store::RunRecord& run, const Error& error, const std::string& step) {
  if (error.code == code::kInDoubt) {
    return "find out whether it took effect, then engine resume " + run.id +
           " --assume done, or --assume not-done";
  }
  std::string next =
      error.hint.empty() || error.hint.front() == ' ' ? "" : made_visible(error.hint) + "; ";
  if (!step.empty())
    return next + "engine resume " + run.id + " --from '" + made_visible(step) +
           "' tries again from that step";
  if (!run.file.empty()) return next + "engine run " + made_visible(run.runbook) + " starts anew";
  return next;
}

}  // namespace

std::string error_line(const std::string& json) {
  const Result<JsonDocument> error = read_json(json);
  const auto frames = error ? json_member(error->root(), "traceback") : std::nullopt;
  if (!frames || !frames->is_array()) return "";
  for (const JsonElement frame : simdjson::dom::array(*frames)) {
    return entry_text(frame, "source") + ":" + std::to_string(entry_number(frame, "line"));
  }
  return "";
}

Result<void> Inquiry::failed(const Subject& subject) {
  const store::RunRecord& run = subject.run;
  const Error error = error_from_json(run.error);
  const std::string step = subject.history.failed_step(error);
  add(subject, {.kind = "failed",
                .text = "it failed: " + error_text_of(error),
                .at_ms = run.finished_at_ms,
                .line = error_line(run.error),
                .step = step,
                .next = next_after(run, error, step),
                .details = error_details(run)});
  raised_by(subject, error);
  cut_off(subject);
  // The error of a run that it had started tells which.
  const Result<JsonDocument> details = read_json(error.details);
  const std::string child = details ? entry_text(details->root(), "run") : "";
  return child.empty() ? Result<void>() : ask_other(child);
}

// The call whose error it was, the attempts before it, and the last one that failed in another way.
void Inquiry::raised_by(const Subject& subject, const Error& error) {
  const History& history = subject.history;
  const History::Entries& entries = history.holding();
  bool found = false;
  for (size_t i = entries.size(); i-- > 0;) {
    if (!is_call_end(entries[i]) || json_boolean(entries[i], "cut").value_or(false)) continue;
    const Error own = error_in(entries[i]);
    const bool same = is_same(own, error);
    if (own.code == code::kCancelled || (found && same)) continue;
    const JsonElement call = history.begun(entries[i]);
    const std::vector<std::string> steps = history.steps_of(entry_number(call, "step"));
    const std::string step = steps.empty() ? "" : steps.front();
    const std::string took = human_duration(Millis(entry_number(entries[i], "ms")));
    if (same) {
      add(subject, {.kind = "raised_by",
                    .text = call_text(call) + " raised it, after " + took,
                    .at_ms = entry_number(call, "at"),
                    .line = entry_text(call, "line"),
                    .step = step,
                    .details = json_text(entries[i])});
      found = true;
      retried(subject, &own);
      continue;
    }
    if (!found) retried(subject, &error);
    add(subject, {.kind = "earlier_error",
                  .text = "before that " + call_text(call) + " had failed: " + error_text_of(own),
                  .at_ms = entry_number(call, "at"),
                  .line = entry_text(call, "line"),
                  .step = step,
                  .details = json_text(entries[i])});
    return;
  }
  if (!found) retried(subject, &error);
}

// The last row of attempts, newest first, where they failed like that (null: in any way).
void Inquiry::retried(const Subject& subject, const Error* like) {
  const History::Entries& entries = subject.history.holding();
  int64_t before = 0;
  for (size_t i = entries.size(); i-- > 0;) {
    if (entry_text(entries[i], "t") != "retry") continue;
    const Error error = error_in(entries[i]);
    const int64_t next = entry_number(entries[i], "next");
    if (before != 0 && next != before - 1) return;
    if (before == 0 && like && !is_like(error, *like)) return;
    before = next;
    const std::vector<std::string> steps =
        subject.history.steps_of(entry_number(entries[i], "step"));
    add(subject, {.kind = "retried",
                  .text = "attempt " + std::to_string(next - 1) + " of " +
                          std::to_string(entry_number(entries[i], "attempts")) +
                          " had failed: " + error_text_of(error) + "; it waited " +
                          human_duration(Millis(entry_number(entries[i], "delay_ms"))),
                  .at_ms = entry_number(entries[i], "at"),
                  .step = steps.empty() ? "" : steps.front(),
                  .details = json_text(entries[i])});
    if (next == 2) return;
  }
}

// Of a run whose process is gone: what had begun and did not end.
void Inquiry::doubts(const Subject& subject) {
  const std::string& id = subject.run.id;
  const std::string resume = "engine resume " + id;
  for (const JsonElement call : subject.history.open_calls()) {
    const std::string name = entry_text(call, "op");
    const std::optional<OperationFacts> facts = facts_(name);
    const std::string target = entry_text(call, "target");
    const std::vector<std::string> steps = subject.history.steps_of(entry_number(call, "step"));
    std::string next = "find out whether it took effect" +
                       (target.empty() ? "" : " on '" + made_visible(target) + "'") + ", then " +
                       resume + " --assume done, or --assume not-done; without, the " +
                       "run is told IN_DOUBT";
    if (facts && facts->probed)
      next = resume + " looks whether it took effect: " + name + " can tell";
    if (facts && facts->idempotent) next = resume + " does it again, which does no harm";
    add(subject, {.kind = "in_doubt",
                  .text = call_text(call) + " had begun, and nobody knows whether it took effect",
                  .at_ms = entry_number(call, "at"),
                  .line = entry_text(call, "line"),
                  .step = steps.empty() ? "" : steps.front(),
                  .next = next,
                  .details = json_text(call)});
  }
}

// Of a run that ended: changes that a timeout or a cancel cut off.
void Inquiry::cut_off(const Subject& subject) {
  for (const JsonElement entry : subject.history.holding()) {
    if (!is_call_end(entry) || !error_in(entry).outcome_unknown) continue;
    const JsonElement call = subject.history.begun(entry);
    const std::string target = entry_text(call, "target");
    const std::vector<std::string> steps = subject.history.steps_of(entry_number(call, "step"));
    add(subject, {.kind = "in_doubt",
                  .text = call_text(call) + " was cut off, and nobody knows whether it took effect",
                  .at_ms = entry_number(entry, "at"),
                  .line = entry_text(call, "line"),
                  .step = steps.empty() ? "" : steps.front(),
                  .next = "look whether it did" +
                          (target.empty() ? "" : ", on '" + made_visible(target) + "',") +
                          " before it is done again",
                  .details = json_text(entry)});
  }
}

}  // namespace engine::cli
