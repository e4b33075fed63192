// A run's journal as a tree: steps within steps, and in them what was called, waited for, retried,
// logged, reported.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/json_read.h"

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
  int depth = 0;             // how many it stands below
  std::vector<std::unique_ptr<TraceNode>> children;
};

// Made an entry at a time.
class TraceBuilder {
 public:
  TraceBuilder() : root_(std::make_unique<TraceNode>()) {}

  // The node that the entry has made or ended; null where it is no part of the tree.
  const TraceNode* take(JsonElement entry);
  std::unique_ptr<TraceNode> root() { return std::move(root_); }

 private:
  TraceNode& add(TraceNode& parent, TraceNode::Kind kind, JsonElement entry);
  TraceNode& parent_of(JsonElement entry);
  TraceNode& step_named(int64_t id);
  TraceNode& caller_of(JsonElement entry);
  TraceNode* top(JsonElement entry, std::string_view kind);
  TraceNode* within(JsonElement entry, std::string_view kind);
  TraceNode* queue(JsonElement entry);
  TraceNode* begin(JsonElement entry);
  TraceNode* step(JsonElement entry);
  TraceNode* end_step(JsonElement entry);
  TraceNode* operation(JsonElement entry, bool whole);
  TraceNode* result(JsonElement entry);

  std::unique_ptr<TraceNode> root_;
  TraceNode* queued_ = nullptr;  // and has not begun
  std::map<int64_t, TraceNode*> steps_;
  std::map<std::string, TraceNode*> calls_;
  std::map<std::string, int64_t> scripted_;  // of those, a Lua plugin's: the step they stand in
};

// From the journal's JSON array.
Result<std::unique_ptr<TraceNode>> build_trace(std::string_view journal);

void append_trace(JsonWriter& out, const TraceNode& node);
// Within an open object, without what stands below it.
void append_trace_fields(JsonWriter& out, const TraceNode& node);

}  // namespace engine::cli
