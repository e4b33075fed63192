#include "engine/cli/waits.h"

#include "engine/base/json_read.h"
#include "engine/cli/terminal.h"
#include "engine/store/tickets.h"

namespace engine::cli {

namespace {

std::string text_of(JsonElement object, std::string_view name) {
  return std::string(json_string(object, name).value_or(""));
}

std::vector<std::string> texts_of(JsonElement object, std::string_view name) {
  std::vector<std::string> found;
  if (const auto list = json_member(object, name); list && list->is_array()) {
    for (const JsonElement item : simdjson::dom::array(*list)) {
      std::string_view text;
      if (item.get(text) == simdjson::SUCCESS) found.emplace_back(text);
    }
  }
  return found;
}

void read_word(Wait& wait, const std::string& word, JsonElement what) {
  if (word == "approve") {
    wait.kind = "approval";
    wait.choices = texts_of(what, "choices");
    wait.by = texts_of(what, "by");
    wait.otherwise = text_of(what, "default");
    wait.message = text_of(what, "message");
    wait.text = "approval: " + wait.message + " (" + joined_words(wait.choices) + ")";
  } else if (word == "wait_for") {
    const std::string event = text_of(what, "event");
    wait.kind = event.empty() ? "signal" : "event";
    wait.name = event.empty() ? text_of(what, "signal") : event;
    if (const auto match = json_member(what, "match")) wait.match = json_text(*match);
    wait.text = wait.kind + " " + wait.name + (wait.match.empty() ? "" : " with " + wait.match);
    wait.away = text_of(what, "away");
    if (!wait.away.empty()) wait.text += " (not followed now: " + wait.away + ")";
  } else if (word == "lock") {
    wait.kind = word;
    wait.name = text_of(what, "name");
    wait.text = "lock " + wait.name;
  } else if (word == store::kQueue) {
    wait.text = "its turn";
  } else if (word == "await_run" || word == "stop_run") {
    wait.kind = "child";
    wait.name = text_of(what, "run");
    wait.text = (word == "stop_run" ? "the end of run " : "run ") + wait.name + " (" +
                text_of(what, "runbook") + ")";
  }
}

}  // namespace

std::string joined_words(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

Wait read_wait(const store::Waiting& waiting) {
  Wait wait;
  wait.kind = waiting.kind;
  wait.text = waiting.kind;
  const Result<JsonDocument> what = read_json(waiting.what);
  if (!what) return wait;
  if (const auto timeout = json_integer(what->root(), "timeout"))
    wait.until_ms = waiting.since_ms + *timeout;
  wait.until_ms = json_integer(what->root(), "until").value_or(wait.until_ms);
  read_word(wait, waiting.kind, what->root());
  wait.text = made_visible(wait.text);
  return wait;
}

std::string told(Records& records, const store::Waiting& waiting) {
  const Wait wait = read_wait(waiting);
  std::string text = wait.text;
  if (const auto ahead = records.ahead_of(waiting); ahead && !ahead->empty()) {
    std::vector<std::string> runs;
    for (const store::Next& other : *ahead) runs.push_back(other.run);
    text += ", behind run " + joined_words(runs);
  }
  if (wait.kind == "child") {
    const Result<store::RunRecord> child = store::find_run(records.db(), wait.name);
    if (child) text += ", " + records.state(*child);
  }
  if (wait.kind == "approval" && !wait.by.empty())
    text += " of " + made_visible(joined_words(wait.by));
  if (wait.until_ms > 0) text += ", until " + format_time_local(wait.until_ms);
  return text;
}

}  // namespace engine::cli
