// engine approve: answers what a run asks of a person.
#include <algorithm>

#include "engine/base/json_read.h"
#include "engine/cli/commands.h"
#include "engine/cli/records.h"

namespace engine::cli {

namespace {

struct Question {
  std::string place, message;
  std::vector<std::string> choices, by;
};

std::vector<std::string> texts(JsonElement object, std::string_view name) {
  std::vector<std::string> found;
  if (const auto list = json_member(object, name)) {
    for (const JsonElement item : simdjson::dom::array(*list))
      found.emplace_back(std::string_view(item));
  }
  return found;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// What the run asks at this moment, oldest first.
Result<std::vector<Question>> questions(store::Database& db, const std::string& run) {
  constexpr int kMost = 1000;
  Result<std::vector<store::Waiting>> waiting = store::list_waiting(db, run, kMost);
  if (!waiting) return fail(waiting.error());
  std::vector<Question> found;
  for (const store::Waiting& one : *waiting) {
    if (one.kind != "approve") continue;
    const Result<JsonDocument> what = read_json(one.what);
    if (!what) return fail(what.error());
    found.push_back({one.place, std::string(json_string(what->root(), "message").value_or("")),
                     texts(what->root(), "choices"), texts(what->root(), "by")});
  }
  return found;
}

Result<Question> the_one(const std::vector<Question>& asked, const std::string& run,
                         const std::string& place) {
  if (asked.empty())
    return fail(code::kConflict, "run " + run + " waits for no approval",
                "somebody may have answered: engine trace " + run + " shows it; engine why " + run +
                    " tells what it waits for");
  std::string several;
  for (const Question& question : asked) {
    if (question.place == place || (place.empty() && asked.size() == 1)) return question;
    several += (several.empty() ? "" : ", ") + question.place + " (" + question.message + ")";
  }
  if (place.empty())
    return fail(code::kConflict, "run " + run + " waits for several approvals: " + several,
                "say which one: --place " + asked.front().place);
  return fail(code::kNotFound, "run " + run + " waits for no approval at " + place,
              "it waits for " + several);
}

// In the transaction that answers it, so that each is answered once.
Result<void> answer(store::Database& db, store::Mail& mail, const std::string& place,
                    const std::string& choice, const std::string& comment) {
  Result<std::vector<Question>> asked = questions(db, mail.run);
  if (!asked) return fail(asked.error());
  Result<Question> question = the_one(*asked, mail.run, place);
  if (!question) return fail(question.error());
  const auto has = [](const std::vector<std::string>& list, const std::string& word) {
    return std::ranges::find(list, word) != list.end();
  };
  const std::string made = choice.empty() ? "approve" : choice;
  if (choice.empty() && !has(question->choices, made))
    return fail(code::kInvalidArgument, "'" + question->message + "' takes a choice of its own",
                "say --choice, one of " + joined(question->choices));
  if (!has(question->choices, made))
    return fail(code::kInvalidArgument,
                "'" + made + "' is no choice of '" + question->message + "'",
                "choose from " + joined(question->choices));
  if (!question->by.empty() && !has(question->by, mail.sender))
    return fail(code::kPermissionDenied,
                mail.sender + " may not answer '" + question->message + "'",
                "it takes " + joined(question->by));
  mail.name = question->place;
  JsonWriter data(mail.data);
  data.begin_object().field("choice", made);
  if (!comment.empty()) data.field("comment", comment);
  data.end_object();
  return store::remove_waiting(db, mail.run, question->place);
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto config = session.config();
  if (!config) return config.error();
  const auto records = Records::open(**config);
  if (!records) return session.fail(records.error());
  const Result<store::RunRecord> found = (*records)->find(parsed->words[0]);
  if (!found) return session.fail(found.error());
  if (found->has_ended()) {
    return session.fail(Error(code::kConflict,
                              "run " + found->id + " has ended: it waits for no approval",
                              "engine trace " + found->id + " shows what was answered"));
  }
  store::Mail mail;
  mail.kind = "approval";
  const auto check =
      [place = parsed->value("place").value_or(""), choice = parsed->value("choice").value_or(""),
       comment = parsed->value("comment").value_or("")](store::Database& db, store::Mail& draft) {
        return answer(db, draft, place, choice, comment);
      };
  if (Result<void> sent = (*records)->send(*found, std::move(mail), check); !sent)
    return session.fail(sent.error());
  session.say("answered run " + found->id + "\n");
  return 0;
}

}  // namespace

Command approve_command() {
  return {
      .name = "approve",
      .summary = "Answers what a run asks with approve.",
      .usage = "approve RUN [--choice CHOICE] [--comment TEXT] [--place PLACE]",
      .details =
          "`engine runs --waiting` shows what is asked, and with which choices. A runbook "
          "that has choices of its own needs --choice; without, the answer is yes. Who answered is "
          "recorded; who may not is refused. Each question is answered once, also "
          "where the run has no process at the moment.",
      .flags = {{"choice", 'c', "CHOICE", "One of those that the runbook gives.", false, false},
                {"comment", 'm', "TEXT", "What the run is told with it.", false, false},
                {"place", 0, "PLACE", "Which one, where the run asks several things at once.",
                 false, false}},
      .examples = {{"engine approve 7k3", "Yes."},
                   {"engine approve 7k3 --choice reject --comment \"not before Monday\"", "No."}},
      .run = run,
      .words_min = 1,
      .words_max = 1,
      .word = Word::run};
}

}  // namespace engine::cli
