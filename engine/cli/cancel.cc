// engine cancel: ends runs, whichever process carries them.
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/records.h"

namespace engine::cli {

namespace {

constexpr size_t kWordsMax = 1000;

// Answers how the run stood.
Result<std::string> cancel(Records& records, const store::RunRecord& run) {
  const std::string state = records.state(run);
  if (run.has_ended())
    return fail(code::kConflict, "run " + run.id + " has ended already: it " +
                                     (state == "succeeded" || state == "failed" ? "has " : "was ") +
                                     state);
  store::Mail mail;
  mail.kind = "cancel";
  mail.data = "{}";
  if (Result<void> sent = records.send(run, std::move(mail)); !sent) return fail(sent.error());
  return state;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto config = session.config();
  if (!config) return config.error();
  const auto records = Records::open(**config);
  if (!records) return session.fail(records.error());
  std::vector<store::RunRecord> runs;
  for (const std::string& word : parsed->words) {
    Result<store::RunRecord> found = (*records)->find(word);
    if (!found) return session.fail(found.error());
    runs.push_back(std::move(*found));
  }
  int code = kExitOk;
  std::vector<std::string> items;
  for (const store::RunRecord& found : runs) {
    const Result<std::string> state = cancel(**records, found);
    if (!state) {
      const int own = session.fail(state.error());
      if (code == kExitOk) code = own;
      continue;
    }
    const bool nobodys = *state == "interrupted" || *state == "waiting";
    session.say(nobodys
                    ? "run " + found.id +
                          " has no process: it ends cancelled when one takes it up, or by `engine "
                          "resume " +
                          found.id + "`\n"
                    : "asked run " + found.id + " to end\n");
    std::string json;
    JsonWriter(json).begin_object().field("run", found.id).field("state", *state).end_object();
    items.push_back(std::move(json));
  }
  if (session.format != Format::table) session.print_list(items);
  return code;
}

}  // namespace

Command cancel_command() {
  return {.name = "cancel",
          .summary = "Cancels runs, whichever process carries them.",
          .usage = "cancel RUN ...",
          .details =
              "CANCELLED is raised where the run waits; what it closes may still be done, within a "
              "few seconds. A second time kills it, child processes included. A run that no "
              "process carries ends cancelled when it is resumed. Who cancelled is recorded.",
          .flags = {},
          .examples = {{"engine cancel 7k3", "The first letters of an id will do."},
                       {"engine runs -s running -o jsonl | jq -r .run | xargs engine cancel",
                        "Everything that runs."}},
          .run = run,
          .words_min = 1,
          .words_max = kWordsMax,
          .word = Word::run};
}

}  // namespace engine::cli
