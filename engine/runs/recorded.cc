// From entries to what a replay looks up.
#include "engine/runs/recorded.h"

#include "engine/base/json.h"

namespace engine::runs {

namespace {

std::string text_of(JsonElement entry, std::string_view name) {
  return std::string(json_string(entry, name).value_or(std::string_view()));
}
int64_t number_of(JsonElement entry, std::string_view name) {
  return json_integer(entry, name).value_or(0);
}
bool flag_of(JsonElement entry, std::string_view name) {
  return json_boolean(entry, name).value_or(false);
}

std::string place_of(JsonElement entry) {
  return place_key(text_of(entry, "p"), static_cast<int>(number_of(entry, "n")));
}

std::optional<Error> error_of(JsonElement entry) {
  const auto error = json_member(entry, "error");
  return error ? std::optional(error_from_json(json_text(*error))) : std::nullopt;
}

Result<std::string> outcome_of(JsonElement entry) {
  if (std::optional<Error> error = error_of(entry)) return fail(std::move(*error));
  const auto ok = json_member(entry, "ok");
  return ok ? json_text(*ok) : "null";
}

ops::Effect effect_named(std::string_view name) {
  if (name == name_of(ops::Effect::destroy)) return ops::Effect::destroy;
  return name == name_of(ops::Effect::change) ? ops::Effect::change : ops::Effect::read;
}

class Reader {
 public:
  explicit Reader(Recorded& into) : into_(into) {}

  void take(JsonElement entry) {
    const std::string_view kind = json_string(entry, "t").value_or("");
    if (kind == "op") return operation(entry);
    if (kind == "call") return begin(entry).call.intended = true, void();
    if (kind == "result") return result(entry);
    if (kind == "deliver") return deliver(entry);
    if (kind == "wait") {
      into_.waits[place_of(entry)] = number_of(entry, "ms");
      return add(Delivery::Kind::wait, entry);
    }
    if (kind == "cancel") {
      into_.cancels.emplace_back(text_of(entry, "by"),
                                 error_of(entry).value_or(Error(code::kCancelled, "cancelled")));
      return add(Delivery::Kind::cancel, entry);
    }
    if (kind == "clock") {
      into_.deliveries.push_back(
          {Delivery::Kind::clock, "", number_of(entry, "at"), number_of(entry, "ms")});
    }
    if (kind == "begin") begin_script();
    if (kind == "step") into_.steps.insert(static_cast<int>(number_of(entry, "id")));
    if (kind == "end_step") into_.ended_steps.insert(static_cast<int>(number_of(entry, "id")));
    if (kind == "log") ++into_.logs;
    if (kind == "report") ++into_.reports;
    if (kind == "retry") ++into_.retries;
    if (kind != "start") return;
    into_.source = text_of(entry, "source");
    into_.goes_on = flag_of(entry, "goes_on");
  }

 private:
  void add(Delivery::Kind kind, JsonElement entry, int64_t at) {
    into_.deliveries.push_back({kind, place_of(entry), at});
  }
  void add(Delivery::Kind kind, JsonElement entry) { add(kind, entry, number_of(entry, "at")); }

  RecordedCall& begin(JsonElement entry) {
    RecordedCall recorded;
    ops::Call& call = recorded.call;
    call.operation = text_of(entry, "op");
    const auto args = json_member(entry, "args");
    call.args = args ? json_text(*args) : "{}";
    call.task = text_of(entry, "p");
    call.number = static_cast<int>(number_of(entry, "n"));
    call.attempt = static_cast<int>(json_integer(entry, "a").value_or(1));
    call.step = static_cast<int>(number_of(entry, "step"));
    call.line = text_of(entry, "line");
    call.target = text_of(entry, "target");
    call.key = text_of(entry, "key");
    call.effect = effect_named(json_string(entry, "effect").value_or(""));
    call.scripted = flag_of(entry, "lua");
    call.own = flag_of(entry, "own");
    call.cut = flag_of(entry, "cut");
    call.mail = number_of(entry, "mail");
    call.started_at_ms = number_of(entry, "at");
    return into_.calls[place_of(entry)] = std::move(recorded);
  }

  // Nothing but the clock can have reached a run that was queued.
  void begin_script() {
    for (const Delivery& one : into_.deliveries) {
      if (one.kind != Delivery::Kind::clock) return;
    }
    for (const Delivery& one : std::exchange(into_.deliveries, {}))
      into_.stepped_before_ms += one.stepped_ms;
  }

  void operation(JsonElement entry) {
    RecordedCall& recorded = begin(entry);
    recorded.outcome = outcome_of(entry);
    // The answer of an operation on our own store is delivered by an entry of its own.
    const bool passed = recorded.call.cut || (recorded.call.own && *recorded.outcome);
    const int64_t at = recorded.call.started_at_ms + number_of(entry, "ms");
    if (recorded.call.own && passed) return;
    add(passed ? Delivery::Kind::passed : Delivery::Kind::answer, entry, at);
  }

  void result(JsonElement entry) {
    const auto found = into_.calls.find(place_of(entry));
    if (found == into_.calls.end()) return;
    RecordedCall& recorded = found->second;
    recorded.outcome = outcome_of(entry);
    recorded.call.cut = flag_of(entry, "cut");
    const bool passed = recorded.call.cut || recorded.begun;
    add(passed ? Delivery::Kind::passed : Delivery::Kind::answer, entry);
  }

  void deliver(JsonElement entry) {
    const auto found = into_.calls.find(place_of(entry));
    if (found == into_.calls.end()) return;
    RecordedCall& recorded = found->second;
    if (recorded.call.own) return add(Delivery::Kind::answer, entry);
    recorded.begun = true;
    const auto settings = json_member(entry, "settings");
    recorded.settings = settings ? json_text(*settings) : "{}";
    recorded.timeout = Millis(number_of(entry, "timeout"));
    add(Delivery::Kind::begin, entry);
  }

  Recorded& into_;
};

}  // namespace

std::string place_key(std::string_view task, int number) {
  return std::string(task) + ":" + std::to_string(number);
}

std::vector<JsonElement> Recorded::kept(std::vector<JsonElement> entries, size_t keep) {
  keep = std::min(keep, entries.size());
  std::set<std::string> open;
  for (size_t i = 0; i < keep; ++i) {
    const std::string_view kind = json_string(entries[i], "t").value_or("");
    if (kind == "call" && !flag_of(entries[i], "lua")) open.insert(place_of(entries[i]));
    if (kind == "result") open.erase(place_of(entries[i]));
  }
  std::vector<JsonElement> results;
  for (size_t i = keep; i < entries.size(); ++i) {
    const JsonElement entry = entries[i];
    if (json_string(entry, "t") == "clock") results.push_back(entry);
    if (json_string(entry, "t") != "result" || flag_of(entry, "cut")) continue;
    const std::optional<Error> error = error_of(entry);
    if (error && error->code == code::kInDoubt) continue;
    if (open.erase(place_of(entry)) > 0) results.push_back(entry);
  }
  entries.resize(keep);
  entries.insert(entries.end(), results.begin(), results.end());
  return entries;
}

std::vector<JsonElement> Recorded::effective(JsonElement journal) {
  std::vector<JsonElement> entries;
  for (const JsonElement entry : simdjson::dom::array(journal)) {
    const std::string_view kind = json_string(entry, "t").value_or("");
    if (kind == "attempt") {
      entries = kept(std::move(entries), static_cast<size_t>(number_of(entry, "keep")));
    } else {
      entries.push_back(entry);
    }
  }
  return entries;
}

Result<Recorded> Recorded::read(JsonElement journal, const std::vector<JsonElement>& entries) {
  if (!journal.is_array()) return fail(code::kInternal, "a journal is a list of entries");
  Recorded recorded;
  std::string sources;
  bool resumed = false;
  for (const JsonElement entry : simdjson::dom::array(journal)) {
    const std::string_view kind = json_string(entry, "t").value_or("");
    if (kind == "cancel") recorded.cancel_mail.push_back(number_of(entry, "mail"));
    if (kind == "source") sources += (sources.empty() ? "" : ",") + json_text(entry);
    resumed = resumed || kind == "resume" || kind == "attempt";
    if (kind == "queue" && !resumed) recorded.queued = true;
    if (kind == "begin") recorded.begun = true;
    if (kind == "start" || kind == "begin") recorded.started_at_ms = number_of(entry, "at");
    if (kind == "clock") recorded.stepped_ms += number_of(entry, "ms");
    if (kind == "start" || kind == "begin" || kind == "attempt") {
      recorded.began_at_ms = number_of(entry, "at");
      recorded.began_stepped_ms = recorded.stepped_ms;
    }
    if (kind != "attempt") continue;
    if (const auto edited = json_member(entry, "sources")) {
      recorded.edited = true;
      sources = json_text(*edited);
      sources = sources.substr(1, sources.size() - 2);
    }
  }
  recorded.sources = "[" + sources + "]";
  Reader reader(recorded);
  for (const JsonElement entry : entries) reader.take(entry);
  return recorded;
}

}  // namespace engine::runs
