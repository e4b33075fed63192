// Which entries of a run's journal hold, and whether it can go on at all.
#include "engine/runs/resumption.h"

#include "engine/ops/sealed.h"
#include "engine/store/journal.h"
#include "engine/store/tickets.h"

namespace engine::runs {

namespace {

using Entries = std::vector<JsonElement>;
using Assumed = ops::Call::Assumed;

bool is_in_doubt(JsonElement entry) {
  const auto error = json_member(entry, "error");
  return error && json_string(*error, "code") == code::kInDoubt;
}

// The newest step of that name: of a loop's, the one that came last.
Result<size_t> before_step(const Entries& entries, const ResumeRequest& request,
                           const std::string& run) {
  std::string known;
  for (size_t i = entries.size(); i-- > 0;) {
    if (json_string(entries[i], "t") != "step") continue;
    const std::string name(json_string(entries[i], "name").value_or(""));
    if (name == request.from) return i;
    if (known.find("'" + name + "'") == std::string::npos)
      known.insert(0, "'" + name + "'" + (known.empty() ? "" : ", "));
  }
  return fail(code::kNotFound, "run " + run + " opened no step named '" + request.from + "'",
              known.empty() ? "it has no steps" : "its steps are " + known);
}

// The doubts that ended the run: of those before, the script knew what to do, and it went on.
Result<size_t> before_doubt(const Entries& entries, const store::RunRecord& run) {
  const Result<JsonDocument> error = read_json(run.error);
  const bool ended_by_it = error && json_string(error->root(), "code") == code::kInDoubt;
  std::optional<size_t> found;
  for (size_t i = entries.size(); i-- > 0;) {
    const std::string_view kind = json_string(entries[i], "t").value_or("");
    if (kind == "result" && is_in_doubt(entries[i])) {
      found = i;
    } else if ((kind == "call" || kind == "op") && (found || !ended_by_it)) {
      break;
    }
  }
  if (found) return *found;
  return fail(code::kConflict,
              "run " + run.id + " did not end in doubt: there is nothing to assume",
              "engine resume " + run.id + " --from STEP begins a new attempt");
}

Error not_resumable(const store::RunRecord& run, const std::string& state) {
  if (state == "running" || state == "queued") {
    return Error(code::kConflict, "run " + run.id + " is going on: a living process carries it",
                 "engine runs shows it");
  }
  if (state == "succeeded") {
    return Error(code::kConflict, "run " + run.id + " has succeeded: nothing is left to do",
                 "engine run " + run.runbook + " starts a new one");
  }
  if (state == "skipped") {
    return Error(code::kConflict, "run " + run.id + " was skipped: nothing of it was done",
                 "engine run " + run.runbook + " starts a new one");
  }
  const Result<JsonDocument> error = read_json(run.error);
  const bool doubt = error && json_string(error->root(), "code") == code::kInDoubt;
  const std::string resume = "engine resume " + run.id;
  return Error(code::kConflict,
               "run " + run.id + (state == "cancelled" ? " was " : " has ") + state +
                   ", so that it does not go on",
               (doubt ? resume + " --assume done|not-done settles what is in doubt; " : "") +
                   resume + " --from STEP gives it a new attempt, engine run " + run.runbook +
                   " starts anew");
}

}  // namespace

Result<Resumption> find_resumption(store::Store& store, ResumeRequest request, Seal& seal,
                                   const Clock& clock) {
  Result<store::Database*> database = store.reader();
  if (!database) return fail(database.error());
  Result<store::RunRecord> record = store::find_run(**database, request.run);
  if (!record) return fail(record.error());
  const std::string state = store.state_of(*record);
  const bool ended = state == "failed" || state == "cancelled";
  const bool settles = request.from.empty() && request.assumed != Assumed::nothing;
  Resumption found;
  found.new_attempt = ended && (!request.from.empty() || settles);
  const bool waits = state == "interrupted" || state == "waiting";
  if (!waits && !found.new_attempt) return fail(not_resumable(*record, state));
  if (waits && !request.from.empty()) {
    return fail(code::kConflict, "run " + record->id + " has not failed: it is " + state,
                "engine resume " + record->id + " goes on with it");
  }
  if (state == "waiting") {
    const Result<bool> locks = store::wants_locks(**database, record->id);
    if (!locks) return fail(locks.error());
    found.holds_locks = *locks;
  }
  Result<int64_t> tail = store::find_tail(**database, *record);
  if (!tail) return fail(tail.error());
  Result<std::string> journal = store::read_journal(**database, *record);
  if (journal) journal = ops::unsealed(std::move(*journal), seal);
  if (!journal) return fail(journal.error());
  Result<std::string> params = ops::unsealed(record->params, seal);
  if (!params) return fail(params.error());
  Result<JsonDocument> document = read_json(*journal);
  if (!document) return fail(document.error());
  Entries entries = Recorded::effective(document->root());
  if (found.new_attempt) {
    Result<size_t> keep =
        settles ? before_doubt(entries, *record) : before_step(entries, request, record->id);
    if (!keep) return fail(keep.error());
    found.keep = *keep;
    if (settles) {
      const JsonElement told = entries[*keep];
      found.settled = place_key(json_string(told, "p").value_or(""),
                                static_cast<int>(json_integer(told, "n").value_or(0)));
    }
    entries = Recorded::kept(std::move(entries), *keep);
  }
  Result<Recorded> recorded = Recorded::read(document->root(), entries);
  if (!recorded) return fail(recorded.error());
  store::Clocks clocks = record->clocks;
  clocks.ahead_ms += recorded->stepped_ms;
  found.stepped_ms = store::stepped_since(clocks, clock);
  found.params = std::move(*params);
  found.record = std::move(*record);
  found.recorded = std::move(*recorded);
  found.request = std::move(request);
  found.tail = *tail;
  found.size = {simdjson::dom::array(document->root()).size(), journal->size()};
  return found;
}

}  // namespace engine::runs
