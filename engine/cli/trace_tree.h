// A run's journal as a tree: steps within steps, and in them what was called, waited for, retried,
// logged, reported.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/json.h"

namespace engine::cli {

struct TraceNode {
  enum class Kind {
    root,
    step,
    operation,
    wait,
    retry,
    log,
    report,
    cancel,
    resume,
    queue
  } kind = Kind::root;
  std::string name;    // of a step or an operation; a log's level; the step of a new attempt
  std::string text;    // a log's message, who cancelled or resumed, why it is tried again
  std::string args;    // JSON; of a log its fields
  std::string result;  // JSON, or empty
  std::string error;   // JSON, or empty
  std::string effect;
  std::string line;  // "runbook.lua:12"
  std::string
      outcome;        // ok, error, planned, running (of a step or a call whose end is not recorded)
  std::string place;  // of an operation: "1.2:3"
  int64_t at = 0;
  int64_t duration_ms = -1;  // unknown
  std::vector<std::unique_ptr<TraceNode>> children;
};

// From the journal's JSON array.
Result<std::unique_ptr<TraceNode>> build_trace(std::string_view journal);

void append_trace(JsonWriter& out, const TraceNode& node);

}  // namespace engine::cli
