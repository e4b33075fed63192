// Writing the journal's entries.
#include "engine/runs/entries.h"

#include "engine/base/json.h"
#include "engine/store/large.h"

namespace engine::runs::entries {

bool is_large(const ops::Call& call, const Result<std::string>& outcome) {
  return outcome && outcome->size() > store::kInlineBytesMax && !call.own;
}

namespace {

// One object, opened with its kind and closed at the end.
class Entry {
  static constexpr size_t kUsualBytes = 256;

 public:
  explicit Entry(std::string_view kind) : writer_(text_) {
    text_.reserve(kUsualBytes);
    writer_.begin_object().field("t", kind);
  }
  JsonWriter* operator->() { return &writer_; }
  Entry& error(const Error& error) {
    std::string json;
    append_error_json(json, error);
    writer_.field_raw("error", json);
    return *this;
  }
  Entry& outcome(const ops::Call& call, const Result<std::string>& outcome) {
    if (!outcome) return error(outcome.error());
    if (is_large(call, outcome)) {
      writer_.field("large", static_cast<int64_t>(outcome->size()));
    } else {
      writer_.field_raw("ok", *outcome);
    }
    return *this;
  }
  std::string close() {
    writer_.end_object();
    return std::move(text_);
  }

 private:
  std::string text_;
  JsonWriter writer_;
};

JsonWriter& place(Entry& entry, const ops::Call& call) {
  entry->field("p", call.task).field("n", call.number);
  if (call.attempt > 1) entry->field("a", call.attempt);
  return *entry.operator->();
}

void describe_call(Entry& entry, const ops::Call& call) {
  place(entry, call).field("op", call.operation);
  entry->field_raw("args", call.args).field("effect", ops::name_of(call.effect));
  if (!call.target.empty()) entry->field("target", call.target);
  if (call.step != 0) entry->field("step", call.step);
  entry->field("line", call.line).field("at", call.started_at_ms);
}

}  // namespace

std::string started(int64_t at, std::string_view runbook, std::string_view source,
                    std::string_view params, std::string_view trigger, bool dry_run, bool goes_on) {
  Entry entry("start");
  entry->field("runbook", runbook).field("source", source);
  entry->field_raw("params", params).field_raw("trigger", trigger);
  if (dry_run) entry->field("dry_run", true);
  if (goes_on) entry->field("goes_on", true);
  entry->field("at", at);
  return entry.close();
}

std::string queued(const std::vector<std::string>& behind, int64_t at) {
  Entry entry("queue");
  if (!behind.empty()) {
    entry->key("behind").begin_array();
    for (const std::string& run : behind) entry->string(run);
    entry->end_array();
  }
  entry->field("at", at);
  return entry.close();
}

std::string began(int64_t at) {
  Entry entry("begin");
  entry->field("at", at);
  return entry.close();
}

std::string resumed(std::string_view by, std::string_view assumed,
                    const std::optional<store::Owner>& was, int64_t at) {
  Entry entry("resume");
  entry->field("by", by);
  if (!assumed.empty()) entry->field("assumed", assumed);
  if (was) entry->field("from_pid", was->pid).field("from_since", was->since_ms);
  entry->field("at", at);
  return entry.close();
}

std::string attempt(int number, size_t keep, std::string_view from,
                    const std::vector<store::SourceText>& sources, std::string_view by,
                    std::string_view assumed, int64_t at) {
  Entry entry("attempt");
  entry->field("attempt", number).field("keep", static_cast<int64_t>(keep));
  if (!from.empty()) entry->field("from", from);
  if (!sources.empty()) entry->field_raw("sources", store::sources_json(sources));
  entry->field("by", by);
  if (!assumed.empty()) entry->field("assumed", assumed);
  entry->field("at", at);
  return entry.close();
}

std::string source(const store::SourceText& text) {
  Entry entry("source");
  entry->field("name", text.name).field("hash", text.hash);
  if (!text.file.empty()) entry->field("file", text.file);
  return entry.close();
}

std::string step(int id, int parent, std::string_view name, std::string_view line, int64_t at) {
  Entry entry("step");
  entry->field("id", id)
      .field("parent", parent)
      .field("name", name)
      .field("line", line)
      .field("at", at);
  return entry.close();
}

std::string end_step(int id, const Error* error, int64_t at) {
  Entry entry("end_step");
  entry->field("id", id).field("at", at);
  if (error) entry.error(*error);
  return entry.close();
}

std::string intent(const ops::Call& call) {
  Entry entry("call");
  describe_call(entry, call);
  if (!call.key.empty()) entry->field("key", call.key);
  if (call.scripted) entry->field("lua", true);
  return entry.close();
}

std::string result(const ops::Call& call, const Result<std::string>& outcome, int64_t at,
                   int64_t ms) {
  Entry entry("result");
  place(entry, call).field("at", at).field("ms", ms);
  if (call.cut) entry->field("cut", true);
  return entry.outcome(call, outcome).close();
}

std::string whole(const ops::Call& call, const Result<std::string>& outcome, int64_t ms) {
  Entry entry("op");
  describe_call(entry, call);
  entry->field("ms", ms);
  if (call.planned) entry->field("planned", true);
  if (call.own) entry->field("own", true);
  if (call.cut) entry->field("cut", true);
  if (call.mail != 0) entry->field("mail", call.mail);
  if (!call.preview.empty()) entry->field_raw("preview", call.preview);
  return entry.outcome(call, outcome).close();
}

std::string delivered(const ops::Call& call, int64_t at) {
  Entry entry("deliver");
  place(entry, call).field("at", at);
  return entry.close();
}

std::string begun(const ops::Call& call, std::string_view settings, Millis timeout, int64_t at) {
  Entry entry("deliver");
  place(entry, call).field_raw("settings", settings).field("timeout", timeout.count());
  entry->field("at", at);
  return entry.close();
}

std::string clock_set(int64_t ms, int64_t at) {
  Entry entry("clock");
  entry->field("ms", ms).field("at", at);
  return entry.close();
}

std::string waited(std::string_view task, int number, int64_t ms, int64_t at) {
  Entry entry("wait");
  entry->field("p", task).field("n", number).field("ms", ms).field("at", at);
  return entry.close();
}

std::string retry(int step, int next, int attempts, int64_t delay_ms, const Error& error,
                  int64_t at) {
  Entry entry("retry");
  entry->field("step", step)
      .field("next", next)
      .field("attempts", attempts)
      .field("delay_ms", delay_ms);
  entry->field("at", at);
  return entry.error(error).close();
}

std::string log(std::string_view level, std::string_view message, std::string_view fields, int step,
                int64_t at) {
  Entry entry("log");
  entry->field("level", level).field("msg", message);
  if (!fields.empty()) entry->field_raw("fields", fields);
  if (step != 0) entry->field("step", step);
  entry->field("at", at);
  return entry.close();
}

std::string progress(const ops::Call& call, std::string_view json, int64_t at) {
  Entry entry("progress");
  entry->field("p", call.task).field("n", call.number).field_raw("value", json).field("at", at);
  return entry.close();
}

std::string report(std::string_view json, int64_t at) {
  Entry entry("report");
  entry->field_raw("value", json).field("at", at);
  return entry.close();
}

std::string cancel(std::string_view by, const Error& reason, int64_t mail, int64_t at) {
  Entry entry("cancel");
  if (!by.empty()) entry->field("by", by);
  if (mail != 0) entry->field("mail", mail);
  entry->field("at", at);
  return entry.error(reason).close();
}

std::string end(std::string_view state, std::string_view result, std::string_view error,
                int64_t at) {
  Entry entry("end");
  entry->field("state", state);
  if (!result.empty()) entry->field_raw("result", result);
  if (!error.empty()) entry->field_raw("error", error);
  entry->field("at", at);
  return entry.close();
}

}  // namespace engine::runs::entries
