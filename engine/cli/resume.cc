// engine resume: goes on with runs whose process is gone, and gives failed ones a new attempt.
#include <algorithm>

#include "engine/base/json.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/runs/resumption.h"
#include "engine/store/journal.h"

namespace engine::cli {

namespace {

constexpr int kPage = 500;
constexpr size_t kWordsMax = 1000;

using Runs = std::vector<store::RunRecord>;

Result<void> add_nobodys(store::Store& store, const std::string& state, Runs& found) {
  Result<store::Database*> database = store.reader();
  if (!database) return fail(database.error());
  store::RunFilter filter;
  filter.state = state;
  filter.limit = kPage;
  for (;;) {
    Result<Runs> page = store::list_runs(**database, filter);
    if (!page) return fail(page.error());
    for (store::RunRecord& run : *page) {
      filter.before_key = run.key;
      const std::string seen = store.state_of(run);
      if (seen == "interrupted" || seen == "waiting") found.push_back(std::move(run));
    }
    if (page->size() < kPage) return {};
  }
}

// Unfinished runs that no process carries, as they were started.
Result<Runs> nobodys(store::Store& store) {
  Runs found;
  for (const char* state : {"running", "waiting"}) {
    if (Result<void> added = add_nobodys(store, state, found); !added) return fail(added.error());
  }
  std::ranges::sort(found, {}, &store::RunRecord::key);
  return found;
}

Result<Runs> named(store::Store& store, const Words& ids) {
  Result<store::Database*> database = store.reader();
  if (!database) return fail(database.error());
  Runs found;
  for (const std::string& id : ids) {
    Result<store::RunRecord> run = store::find_run(**database, id);
    if (!run) return fail(run.error());
    if (std::ranges::find(found, run->id, &store::RunRecord::id) == found.end())
      found.push_back(std::move(*run));
  }
  return found;
}

Result<runs::ResumeRequest> request_of(const Parsed& parsed) {
  runs::ResumeRequest request;
  request.principal = person();
  request.from = parsed.value("from").value_or("");
  request.edited = parsed.has("edited");
  if (const auto word = parsed.value("assume")) {
    if (*word != "done" && *word != "not-done") {
      return fail(code::kInvalidArgument, "--assume cannot be '" + *word + "'",
                  "say done or not-done");
    }
    using Assumed = ops::Call::Assumed;
    request.assumed = *word == "done" ? Assumed::done : Assumed::not_done;
  }
  if (request.edited && request.from.empty())
    return fail(code::kInvalidArgument, "--edited needs --from", "name the step to begin at");
  if (parsed.has("from") && parsed.words.size() != 1)
    return fail(code::kInvalidArgument, "--from is for one run", "name the run before it");
  if (request.assumed != ops::Call::Assumed::nothing && parsed.words.empty())
    return fail(code::kInvalidArgument, "--assume is for runs that are named",
                "engine runs --state interrupted lists them");
  return request;
}

Result<std::string> past_of(store::Store& store, const store::RunRecord& run) {
  Result<store::Database*> database = store.reader();
  if (!database) return fail(database.error());
  return store::read_journal(**database, run);
}

int show_all(Session& session, const Runs& found,
             const std::vector<Result<runs::Outcome>>& outcomes) {
  std::vector<std::string> items;
  int code = kExitOk;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const runs::Outcome outcome =
        outcomes[i] ? *outcomes[i]
                    : broken_outcome(found[i].id, found[i].runbook, outcomes[i].error());
    items.push_back(outcome_json(outcome));
    const int own = say_outcome(session, outcome, found[i].dry_run);
    if (code == kExitOk) code = own;
  }
  if (session.format != Format::table) session.print_list(items);
  return code;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const Result<runs::ResumeRequest> request = request_of(*parsed);
  if (!request) return session.usage_error(request.error(), command);
  const auto config = session.config();
  if (!config) return config.error();
  const bool all = parsed->words.empty();
  auto engine = Engine::start(**config, all ? Engine::Parking::on : Engine::Parking::off);
  if (!engine) return session.fail(engine.error());
  store::Store& store = *(*engine)->store;
  const Result<Runs> found = parsed->words.empty() ? nobodys(store) : named(store, parsed->words);
  if (!found) return session.fail(found.error());
  if (found->empty()) {
    if (session.format != Format::table) session.print_list(std::vector<std::string>());
    session.say("there are no interrupted runs\n");
    return kExitOk;
  }
  std::vector<Foreground::Part> parts;
  for (const store::RunRecord& record : *found) {
    const Result<std::string> past = past_of(store, record);
    if (!past) return session.fail(past.error());
    runs::ResumeRequest own = *request;
    own.run = record.id;
    parts.push_back(
        {found->size() > 1 ? record.id : "", *past,
         [&runner = *(*engine)->runner, own](runs::Watch watch, Foreground::Finished finished) {
           return runner.resume(own, std::move(watch), std::move(finished));
         }});
  }
  Foreground foreground(session, **engine);
  const std::vector<Result<runs::Outcome>> outcomes = foreground.run_all(parts);
  if (outcomes.size() > 1 || parsed->words.empty()) return show_all(session, *found, outcomes);
  if (!outcomes.front()) return session.fail(outcomes.front().error());
  return show_outcome(session, foreground, *outcomes.front(), found->front().dry_run);
}

}  // namespace

Command resume_command() {
  return {
      .name = "resume",
      .summary = "Goes on with runs whose process is gone, or gives one that failed a new attempt.",
      .usage = "resume [RUN ...] [--assume done|not-done] [--from STEP [--edited]]",
      .details =
          "Without RUN: all that no process carries, which are shown as interrupted, or as "
          "waiting. Each is rebuilt from its journal, with "
          "the code it began with, and goes on at the first call that the journal does not hold. A "
          "change that had begun and whose outcome nobody knows is done again where that does no "
          "harm, or looked for where its operation can tell; otherwise the run is told IN_DOUBT, "
          "and --assume says what a person has found: of the doubt that ended the run, or of all "
          "that an interrupted run may have. --from takes over what a failed run had done "
          "before it opened the step of that name last, and goes on from there; with --edited as "
          "the runbook now is. Output and exit code are those of `engine run`; for several runs -o "
          "json is a list, and the exit code that of the first which did not succeed.",
      .flags = {{"assume",
                 0,
                 "WHAT",
                 "What is in doubt took effect (done), or did not (not-done).",
                 false,
                 false,
                 {"done", "not-done"}},
                {"from", 0, "STEP", "Begin a new attempt at this step.", false, false},
                {"edited", 0, "", "Use the runbook and its modules as they are now.", false,
                 false}},
      .examples = {{"engine resume", "After a crash or a reboot: goes on with everything."},
                   {"engine resume 7k3 --assume done", "It did take effect; go on behind it."},
                   {"engine resume 7k3 --from \"Restart the proxy\" --edited",
                    "Tries again, from that step, with a corrected runbook."}},
      .run = run,
      .words_max = kWordsMax,
      .word = Word::run};
}

}  // namespace engine::cli
