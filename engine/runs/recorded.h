// A run's journal read back: what its calls were answered, and in which order the script was told.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/json_read.h"
#include "engine/lua/outside.h"
#include "engine/ops/invoker.h"

namespace engine::runs {

// The place of a call as a key: "3.1:2", ":2" in the main task.
std::string place_key(std::string_view task, int number);

struct RecordedCall {
  ops::Call call;
  bool begun = false;  // a scripted one: its function was called
  std::string settings;
  Millis timeout{0};
  std::optional<Result<std::string>> outcome;
};

// Something that reached the run from outside, or (passed) an end that the script brought about
// itself.
struct Delivery {
  enum class Kind { answer, begin, wait, cancel, clock, passed } kind = Kind::passed;
  std::string place;
  int64_t at = 0;          // the run's clock from here on
  int64_t stepped_ms = 0;  // clock: by how much it was set
};

struct Recorded {
  // The entries that count, in order: an attempt forgets what came after the step it begins at.
  static std::vector<JsonElement> effective(JsonElement journal);
  // Of these, what an attempt takes over that begins behind the first `keep`: them, and the ends of
  // calls that had begun among them, and all that was said of the clock.
  static std::vector<JsonElement> kept(std::vector<JsonElement> entries, size_t keep);
  // `entries` are those of the journal that count.
  static Result<Recorded> read(JsonElement journal, const std::vector<JsonElement>& entries);

  std::vector<Delivery> deliveries;
  std::unordered_map<std::string, RecordedCall> calls;  // by place
  std::unordered_map<std::string, int64_t> waits;       // that are over: how long they were to be
  std::deque<std::pair<std::string, Error>> cancels;    // by whom, and the reason
  std::set<int> steps, ended_steps;
  std::vector<int64_t> cancel_mail;  // also of attempts before: each counts once
  int logs = 0, reports = 0, retries = 0;
  std::string source;             // the runbook's text by name
  std::string sources;            // taken since the start: a JSON list
  bool edited = false;            // `sources` stand for all that the run's row has
  int64_t started_at_ms = 0;      // the script
  int64_t began_at_ms = 0;        // the newest attempt
  int64_t began_stepped_ms = 0;   // how far the clock had been set by then
  int64_t stepped_ms = 0;         // and by the end
  int64_t stepped_before_ms = 0;  // and before the script began
  bool goes_on = false;           // where another run ended
  bool queued = false;            // before it began
  bool begun = false;             // an entry says so
};

}  // namespace engine::runs
