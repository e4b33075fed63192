// Waits for what happens in a backend: from behind what the run has been given of it, or from its
// start; the entry with the event is the cursor.
#include "engine/base/json.h"
#include "engine/base/units.h"
#include "engine/runs/match.h"
#include "engine/runs/run_word.h"

namespace engine::runs {

namespace {

std::string text_of(JsonElement object, std::string_view name) {
  return std::string(json_string(object, name).value_or(std::string_view()));
}

std::string event_json(const std::string& source, const plugin::Event& event) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("event", source).field("kind", event.kind);
  out.field("at", format_time_utc(event.at_ms));
  if (!event.subject.empty()) out.field("subject", event.subject);
  out.field_raw("data", event.data).field("cursor", event.cursor).end_object();
  return json;
}

bool awaits_event(const ops::Call& call) {
  return call.operation == "wait_for" && call.args.find("\"event\":") != std::string::npos;
}

}  // namespace

// Where the wait begins follows from what the script has been given when it says so.
void Run::note_event_wait(const ops::Call& call) {
  if (!awaits_event(call)) return;
  const Result<JsonDocument> args = read_json(call.args);
  const auto behind = event_cursors_.find(text_of(args->root(), "event"));
  if (behind != event_cursors_.end())
    events_behind_[place_key(call.task, call.number)] = behind->second;
}

plugin::FollowOptions Run::event_options(const Word& word) {
  const JsonElement args = word.args.root();
  plugin::FollowOptions options;
  const auto behind = events_behind_.find(word.place);
  if (const auto cursor = json_string(args, "cursor")) {
    options.cursor = std::string(*cursor);
  } else if (const auto since = json_integer(args, "since")) {
    options.since_ms = word.call.started_at_ms - *since;
  } else if (behind != events_behind_.end() && !json_boolean(args, "from_start").value_or(false)) {
    options.cursor = behind->second;
  } else {
    options.since_ms = started_at_ms_;
  }
  return options;
}

void Run::await_event(Word& word) {
  plugin::FollowEvents events;
  events.event =
      word.while_alive([](Word& it, const plugin::Event& event) { it.run.happened(it, event); });
  events.lost = word.while_alive(
      [](Word& it, const Error& reason, Millis) { it.run.backend_is(it, reason.message); });
  events.following = word.while_alive([](Word& it) { it.run.backend_is(it, ""); });
  events.failed = word.while_alive([](Word& it, const Error& error) { it.answer(fail(error)); });
  const std::string source = text_of(word.args.root(), "event");
  Result<std::unique_ptr<plugin::Subscription>> followed =
      shared_.follow ? shared_.follow(source, event_options(word), std::move(events))
                     : fail(code::kUnsupported, "there are no events here");
  if (!followed) {
    Error error = std::move(followed.error());
    if (error.code == code::kNotFound) error.code = code::kInvalidArgument;
    return shared_.loop.defer(
        word.while_alive([error = std::move(error)](Word& it) { it.answer(fail(error)); }));
  }
  word.look = std::move(*followed);
  word.hold = shared_.loop.hold();
  bound(word);
  shared_.loop.defer(word.while_alive([](Word& it) {
    if (it.done) it.run.wait_in_public(it);
  }));
}

void Run::happened(Word& word, const plugin::Event& event) {
  if (!word.done) return;
  const JsonElement args = word.args.root();
  std::string json = event_json(text_of(args, "event"), event);
  const auto match = json_member(args, "match");
  if (match && !holds(json_text(*match), json)) return;
  word.cursor = event.cursor;
  word.answer(std::move(json));
}

// Shown to whoever asks what the run waits for: empty, or why the backend is not followed now.
void Run::backend_is(Word& word, const std::string& away) {
  if (!word.done || word.away == away) return;
  word.away = away;
  if (word.is_public) wait_in_public(word);
}

// What the script has been given of a source lies behind it from now on.
void Run::event_taken(const std::string& place) {
  events_behind_.erase(place);
  const auto word = words_.find(place);
  if (word != words_.end()) {
    if (!word->second->cursor.empty())
      event_cursors_[text_of(word->second->args.root(), "event")] = word->second->cursor;
    return;
  }
  const RecordedCall* known = replay_ ? replay_->call(place) : nullptr;
  if (!known || !awaits_event(known->call) || !known->outcome || !*known->outcome) return;
  const Result<JsonDocument> event = read_json(**known->outcome);
  if (event && event->root().is_object())
    event_cursors_[text_of(event->root(), "event")] = text_of(event->root(), "cursor");
}

}  // namespace engine::runs
