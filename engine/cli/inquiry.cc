#include "engine/cli/inquiry.h"

#include "engine/base/text.h"
#include "engine/cli/terminal.h"
#include "engine/store/mail.h"

namespace engine::cli {

namespace {

constexpr int kDepthMax = 8;
constexpr size_t kArgumentsMax = 160;

// "by hand", "by the schedule", from the trigger's kind.
std::string trigger_text(const std::string& trigger) {
  const Result<JsonDocument> document = read_json(trigger);
  const std::string kind = document ? entry_text(document->root(), "kind") : "";
  return kind.empty() || kind == "person" ? "by hand" : "by its trigger " + trigger;
}

std::string member_of(const std::string& json, std::string_view name) {
  const Result<JsonDocument> document = read_json(json);
  return document ? entry_text(document->root(), name) : "";
}

}  // namespace

std::string error_details(const store::RunRecord& run) {
  return run.error.empty() ? "" : "{\"error\":" + run.error + "}";
}

std::string call_text(JsonElement entry) {
  const std::string args = entry_json(entry, "args");
  return made_visible(entry_text(entry, "op") +
                      (args.empty() || args == "{}" ? "" : " " + shortened(args, kArgumentsMax)));
}

Result<std::vector<Cause>> Inquiry::causes(const store::RunRecord& run) {
  causes_.clear();
  asked_.clear();
  depth_ = 0;
  if (Result<void> asked = ask(run); !asked) return fail(asked.error());
  return std::move(causes_);
}

void Inquiry::add(const Subject& subject, Cause cause) {
  cause.run = subject.run.id;
  cause.runbook = subject.run.runbook;
  cause.depth = depth_;
  causes_.push_back(std::move(cause));
}

Result<void> Inquiry::ask(const store::RunRecord& run) {
  asked_.insert(run.id);
  const Result<std::string> journal = records_.journal(run);
  if (!journal) return fail(journal.error());
  Result<History> history = History::read(*journal);
  if (!history) return fail(history.error());
  const Subject subject{run, records_.state(run), std::move(*history)};
  if (subject.state == "interrupted") gone(subject);
  if (subject.state == "interrupted" || !run.has_ended()) {
    cancel_asked(subject);
    if (Result<void> told = waits(subject); !told) return told;
  }
  if (subject.state == "failed") {
    if (Result<void> told = failed(subject); !told) return told;
  }
  if (subject.state == "skipped") skipped(subject);
  if (subject.state == "cancelled") cancelled(subject);
  if (subject.state == "succeeded") succeeded(subject);
  taken_over(subject);
  began(subject);
  return {};
}

Result<void> Inquiry::ask_other(const std::string& id) {
  if (asked_.contains(id)) {
    causes_.push_back({.kind = "circle",
                       .text = "it is asked about already: these runs wait for each other",
                       .next = "engine cancel " + id + " lets the others go on",
                       .run = id,
                       .depth = depth_ + 1});
    return {};
  }
  const Result<store::RunRecord> other = store::find_run(records_.db(), id);
  if (!other || depth_ >= kDepthMax) return {};
  ++depth_;
  Result<void> asked = ask(*other);
  --depth_;
  return asked;
}

std::string Inquiry::process_of(const store::RunRecord& run) {
  const auto owner = store::find_owner(records_.db(), run.owner);
  if (!owner || !*owner) return "its process";
  return "process " + std::to_string((*owner)->pid) + " (begun " +
         format_time_local((*owner)->since_ms) + ")";
}

void Inquiry::gone(const Subject& subject) {
  const std::string& id = subject.run.id;
  add(subject, {.kind = "interrupted",
                .text = process_of(subject.run) +
                        " that carried it is gone; this is when it recorded something last",
                .at_ms = subject.history.last_at(),
                .step = subject.history.open_step(),
                .next = "engine resume " + id +
                        " goes on with it, at the first call that its journal does not hold"});
  doubts(subject);
}

// What was asked for and not taken yet.
void Inquiry::cancel_asked(const Subject& subject) {
  const auto mail = store::mail_of(records_.db(), subject.run.id, 0);
  if (!mail) return;
  for (const store::Mail& sent : *mail) {
    if (sent.kind != "cancel" || subject.history.has_taken(sent.id)) continue;
    const bool gone = subject.state == "interrupted";
    add(subject, {.kind = "cancel_asked",
                  .text = made_visible(sent.sender) + " has asked it to end",
                  .at_ms = sent.at_ms,
                  .next = gone ? "engine resume " + subject.run.id + " lets it end" : ""});
  }
  const auto cancel = subject.history.last("cancel");
  if (!cancel || subject.state == "interrupted") return;
  const std::string by = entry_text(*cancel, "by");
  add(subject, {.kind = "cancelling",
                .text = by.empty() ? "its time is over, and it is closing what it has open"
                                   : made_visible(by) + " has cancelled it, and it is closing "
                                                        "what it has open",
                .at_ms = entry_number(*cancel, "at"),
                .next = "engine cancel " + subject.run.id + " kills it"});
}

void Inquiry::succeeded(const Subject& subject) {
  const std::string next = member_of(subject.run.result, "continued_as");
  add(subject, {.kind = next.empty() ? "succeeded" : "continued",
                .text = next.empty() ? "it has succeeded" : "it goes on as run " + next,
                .at_ms = subject.run.finished_at_ms,
                .next = next.empty() ? "" : "engine why " + next});
}

void Inquiry::skipped(const Subject& subject) {
  const Error error = error_from_json(subject.run.error);
  add(subject, {.kind = "skipped",
                .text = "its runbook did not let it begin: " + made_visible(error.message),
                .at_ms = subject.run.finished_at_ms,
                .next = "engine run " + made_visible(subject.run.runbook) + " tries again",
                .details = error_details(subject.run)});
}

void Inquiry::cancelled(const Subject& subject) {
  const auto cancel = subject.history.last("cancel");
  const Error error = error_from_json(subject.run.error);
  const std::string by = cancel ? entry_text(*cancel, "by") : "";
  const bool told = error.message.starts_with("cancelled by ");
  const bool has_steps = subject.history.last("step").has_value();
  std::string next = has_steps
                         ? "engine resume " + subject.run.id + " --from STEP gives it a new attempt"
                         : "engine run " + made_visible(subject.run.runbook) + " starts anew";
  if (by.starts_with("run:")) next = "engine why " + by.substr(4) + "; " + next;
  add(subject,
      {.kind = "cancelled",
       .text = "it was " + made_visible(by.empty() || told ? error.message : "cancelled by " + by),
       .at_ms = cancel ? entry_number(*cancel, "at") : subject.run.finished_at_ms,
       .line = error_line(subject.run.error),
       .step = subject.history.failed_step(error),
       .next = std::move(next),
       .details = error_details(subject.run)});
  cut_off(subject);
}

// Newest first: who took it up, and what had ended the attempt before.
void Inquiry::taken_over(const Subject& subject) {
  const History::Entries& all = subject.history.all();
  for (size_t i = all.size(); i-- > 0;) {
    const std::string kind = entry_text(all[i], "t");
    const std::string by = made_visible(entry_text(all[i], "by"));
    const std::string assumed = entry_text(all[i], "assumed");
    const std::string said = assumed.empty() ? "" : ", who said of what was in doubt: " + assumed;
    if (kind == "resume") {
      const int64_t pid = entry_number(all[i], "from_pid");
      add(subject,
          {.kind = "taken_over",
           .text = "it was taken up again by " + by + said +
                   (pid == 0 ? ""
                             : "; process " + std::to_string(pid) + ", which carried it from " +
                                   format_time_local(entry_number(all[i], "from_since")) +
                                   " on, was gone"),
           .at_ms = entry_number(all[i], "at"),
           .details = json_text(all[i])});
    } else if (kind == "attempt") {
      const std::string from = made_visible(entry_text(all[i], "from"));
      add(subject, {.kind = "attempt",
                    .text = "attempt " + std::to_string(entry_number(all[i], "attempt")) +
                            (from.empty() ? "" : ", from the step '" + from + "' on,") +
                            " was begun by " + by + said,
                    .at_ms = entry_number(all[i], "at"),
                    .details = json_text(all[i])});
    } else if (kind == "end" && i + 1 < all.size()) {
      const Error error = error_from_json(entry_json(all[i], "error"));
      add(subject, {.kind = "earlier_end",
                    .text = "the attempt before had " + entry_text(all[i], "state") + ": " +
                            made_visible(error.message) + " (" + error.code + ")",
                    .at_ms = entry_number(all[i], "at"),
                    .line = error_line(entry_json(all[i], "error"))});
    }
  }
}

void Inquiry::began(const Subject& subject) {
  const store::RunRecord& run = subject.run;
  const std::string by = made_visible(run.principal);
  std::string text = "it was started by " + by + ", " + made_visible(trigger_text(run.trigger));
  std::string next;
  const std::string from = member_of(run.trigger, "run");
  const auto parent = run.parent != 0 ? store::run_of_key(records_.db(), run.parent)
                                      : Result<std::optional<store::RunRecord>>();
  if (parent && *parent) {
    text = "run " + (*parent)->id + " (" + made_visible((*parent)->runbook) + ") started it";
    next = "engine why " + (*parent)->id;
  } else if (!from.empty()) {
    const auto before = store::find_run(records_.db(), from);
    const bool goes_on = before && member_of(before->result, "continued_as") == run.id;
    text = "run " + from + (goes_on ? " went on as this one, for " + by : " started it, detached");
    next = "engine why " + from;
  }
  if (run.dry_run) text += ", as a dry run";
  add(subject, {.kind = "started",
                .text = text,
                .at_ms = run.started_at_ms,
                .next = next,
                .details = "{\"trigger\":" + run.trigger + "}"});
}

}  // namespace engine::cli
