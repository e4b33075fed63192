// engine signal: tells a run something that it waits for.
#include "engine/base/json_read.h"
#include "engine/cli/commands.h"
#include "engine/cli/records.h"

namespace engine::cli {

namespace {

// Everybody's JSON has keys of its own that begin with '$'.
void write_value(JsonWriter& out, JsonElement value) {
  if (value.is_array()) {
    out.begin_array();
    for (const JsonElement item : simdjson::dom::array(value)) write_value(out, item);
    out.end_array();
  } else if (value.is_object()) {
    out.begin_object();
    for (const auto& [name, member] : simdjson::dom::object(value)) {
      out.key(name.starts_with('$') ? "$" + std::string(name) : std::string(name));
      write_value(out, member);
    }
    out.end_object();
  } else {
    out.raw(json_text(value));
  }
}

std::string as_values_travel(JsonElement value) {
  std::string json;
  JsonWriter out(json);
  write_value(out, value);
  return json;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  store::Mail mail;
  mail.kind = "signal";
  mail.name = parsed->words[1];
  if (mail.name.empty())
    return session.usage_error(Error(code::kInvalidArgument, "a signal has a name"), command);
  const Result<JsonDocument> data = read_json(parsed->value("data").value_or("null"));
  if (!data) {
    return session.usage_error(
        Error(code::kInvalidArgument, "--data is not JSON: " + data.error().message,
              "write a text as '\"text\"'"),
        command);
  }
  mail.data = as_values_travel(data->root());
  const auto config = session.config();
  if (!config) return config.error();
  const auto records = Records::open(**config);
  if (!records) return session.fail(records.error());
  const Result<store::RunRecord> found = (*records)->find(parsed->words[0]);
  if (!found) return session.fail(found.error());
  if (found->has_ended()) {
    return session.fail(
        Error(code::kConflict, "run " + found->id + " has ended: nobody takes its signals"));
  }
  const std::string name = mail.name;
  if (Result<void> sent = (*records)->send(*found, std::move(mail)); !sent)
    return session.fail(sent.error());
  session.say("sent '" + made_visible(name) + "' to run " + found->id + "\n");
  return 0;
}

}  // namespace

Command signal_command() {
  return {.name = "signal",
          .summary = "Sends a signal to a run, which takes it with wait_for.",
          .usage = "signal RUN NAME [--data JSON]",
          .details =
              "It is on disk when the command returns. A run that does not wait for it yet, "
              "or that no process carries, finds it when it comes to its wait.",
          .flags = {{"data", 'd', "JSON", "What comes with it; null without.", false, false}},
          .examples = {{"engine signal 7k3 ready", "For wait_for{ signal = \"ready\" }."},
                       {"engine signal 7k3 ready --data '{\"host\": \"a\"}'",
                        "Also for one with match = { host = \"a\" }."}},
          .run = run,
          .words_min = 2,
          .words_max = 2,
          .word = Word::run};
}

}  // namespace engine::cli
