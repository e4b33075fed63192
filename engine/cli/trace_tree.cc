#include "engine/cli/trace_tree.h"

#include "engine/base/units.h"

namespace engine::cli {

namespace {

using Kind = TraceNode::Kind;

std::string member_text(JsonElement entry, std::string_view name) {
  const auto value = json_member(entry, name);
  return value ? json_text(*value) : "";
}

std::string string_of(JsonElement entry, std::string_view name) {
  return std::string(json_string(entry, name).value_or(""));
}

std::string place_of(JsonElement entry) {
  const std::string task = string_of(entry, "p");
  return (task.empty() ? "" : task + ":") + std::to_string(json_integer(entry, "n").value_or(0));
}

void finish(TraceNode& node, JsonElement entry) {
  node.error = member_text(entry, "error");
  // An operation that answered null has an "ok" all the same, which json_member takes for absent.
  node.result = node.error.empty() ? member_text(entry, "ok") : "";
  if (node.error.empty() && node.result.empty()) node.result = "null";
  node.outcome = node.error.empty() ? "ok" : "error";
  node.duration_ms = json_integer(entry, "ms").value_or(-1);
}

}  // namespace

const TraceNode* TraceBuilder::take(JsonElement entry) {
  const std::string kind = string_of(entry, "t");
  if (kind == "step") return step(entry);
  if (kind == "end_step") return end_step(entry);
  if (kind == "op" || kind == "call") return operation(entry, kind == "op");
  if (kind == "result") return result(entry);
  if (kind == "log" || kind == "retry") return within(entry, kind);
  return top(entry, kind);
}

// What belongs to the run as a whole.
TraceNode* TraceBuilder::top(JsonElement entry, std::string_view kind) {
  if (kind == "wait") {
    TraceNode& node = add(*root_, Kind::wait, entry);
    node.duration_ms = json_integer(entry, "ms").value_or(-1);
    return &node;
  }
  if (kind == "report") {
    TraceNode& node = add(*root_, Kind::report, entry);
    node.result = member_text(entry, "value");
    return &node;
  }
  if (kind == "cancel") {
    TraceNode& node = add(*root_, Kind::cancel, entry);
    node.text = string_of(entry, "by");
    if (node.text.empty()) node.error = member_text(entry, "error");
    return &node;
  }
  if (kind == "queue") return queue(entry);
  if (kind == "begin") return begin(entry);
  if (kind != "resume" && kind != "attempt") return nullptr;
  TraceNode& node = add(*root_, Kind::resume, entry);
  node.text = string_of(entry, "by");
  node.name = string_of(entry, "from");
  if (kind == "attempt") calls_.clear();
  return &node;
}

TraceNode* TraceBuilder::queue(JsonElement entry) {
  queued_ = &add(*root_, Kind::queue, entry);
  const auto behind = json_member(entry, "behind");
  if (!behind) return queued_;
  for (const JsonElement run : simdjson::dom::array(*behind))
    queued_->text += (queued_->text.empty() ? "" : ", ") + std::string(std::string_view(run));
  return queued_;
}

TraceNode* TraceBuilder::begin(JsonElement entry) {
  TraceNode* node = std::exchange(queued_, nullptr);
  if (node) node->duration_ms = json_integer(entry, "at").value_or(node->at) - node->at;
  return node;
}

TraceNode* TraceBuilder::within(JsonElement entry, std::string_view kind) {
  const bool log = kind == "log";
  TraceNode& node = add(parent_of(entry), log ? Kind::log : Kind::retry, entry);
  if (log) {
    node.name = string_of(entry, "level");
    node.text = string_of(entry, "msg");
    node.args = member_text(entry, "fields");
    return &node;
  }
  node.error = member_text(entry, "error");
  node.text = "attempt " + std::to_string(json_integer(entry, "next").value_or(0)) + " of " +
              std::to_string(json_integer(entry, "attempts").value_or(0));
  node.duration_ms = json_integer(entry, "delay_ms").value_or(-1);
  return &node;
}

TraceNode& TraceBuilder::parent_of(JsonElement entry) {
  return step_named(json_integer(entry, "step").value_or(0));
}

TraceNode& TraceBuilder::step_named(int64_t id) {
  const auto found = steps_.find(id);
  return found == steps_.end() ? *root_ : *found->second;
}

TraceNode& TraceBuilder::add(TraceNode& parent, Kind kind, JsonElement entry) {
  TraceNode& node = *parent.children.emplace_back(std::make_unique<TraceNode>());
  node.kind = kind;
  node.depth = &parent == root_.get() ? 0 : parent.depth + 1;
  node.at = json_integer(entry, "at").value_or(0);
  node.line = string_of(entry, "line");
  return node;
}

// A Lua plugin's own call stands below the operation whose function made it, unless that opened a
// step of its own around it.
TraceNode& TraceBuilder::caller_of(JsonElement entry) {
  const int64_t step = json_integer(entry, "step").value_or(0);
  for (std::string task = string_of(entry, "p"); !task.empty();) {
    const size_t slash = task.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : task.substr(0, slash);
    const std::string last = task.substr(slash == std::string::npos ? 0 : slash + 1);
    const std::string place = (parent.empty() ? "" : parent + ":") + last.substr(0, last.find('.'));
    const auto found = scripted_.find(place);
    if (found != scripted_.end() && found->second == step) return *calls_.at(place);
    task = parent;
  }
  return parent_of(entry);
}

TraceNode* TraceBuilder::step(JsonElement entry) {
  TraceNode& parent = step_named(json_integer(entry, "parent").value_or(0));
  TraceNode& node = add(parent, Kind::step, entry);
  node.name = string_of(entry, "name");
  node.outcome = "running";
  steps_[json_integer(entry, "id").value_or(0)] = &node;
  return &node;
}

TraceNode* TraceBuilder::end_step(JsonElement entry) {
  const auto found = steps_.find(json_integer(entry, "id").value_or(0));
  if (found == steps_.end()) return nullptr;
  TraceNode& node = *found->second;
  node.error = member_text(entry, "error");
  node.outcome = node.error.empty() ? "ok" : "error";
  node.duration_ms = json_integer(entry, "at").value_or(node.at) - node.at;
  return &node;
}

TraceNode* TraceBuilder::operation(JsonElement entry, bool whole) {
  TraceNode& node = add(caller_of(entry), Kind::operation, entry);
  node.name = string_of(entry, "op");
  node.args = member_text(entry, "args");
  node.effect = string_of(entry, "effect");
  node.place = place_of(entry);
  node.outcome = "running";
  if (whole) {
    finish(node, entry);
    if (json_boolean(entry, "planned").value_or(false)) node.outcome = "planned";
  } else {
    calls_[node.place] = &node;
    if (json_boolean(entry, "lua").value_or(false))
      scripted_[node.place] = json_integer(entry, "step").value_or(0);
  }
  return &node;
}

TraceNode* TraceBuilder::result(JsonElement entry) {
  const auto found = calls_.find(place_of(entry));
  if (found == calls_.end()) return nullptr;
  finish(*found->second, entry);
  return found->second;
}

namespace {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::root:
      return "run";
    case Kind::step:
      return "step";
    case Kind::operation:
      return "operation";
    case Kind::wait:
      return "wait";
    case Kind::retry:
      return "retry";
    case Kind::log:
      return "log";
    case Kind::report:
      return "report";
    case Kind::cancel:
      return "cancel";
    case Kind::resume:
      return "resume";
    case Kind::queue:
      return "queue";
  }
  return "";
}

void append_details(JsonWriter& out, const TraceNode& node) {
  if (node.kind == Kind::operation) {
    out.field("operation", node.name).field("place", node.place).field("effect", node.effect);
    out.field_raw("args", node.args.empty() ? "{}" : node.args);
  }
  if (node.kind == Kind::step) out.field("name", node.name);
  if (node.kind == Kind::log) {
    out.field("level", node.name).field("message", node.text);
    if (!node.args.empty()) out.field_raw("fields", node.args);
  }
  if (node.kind == Kind::queue) out.field("behind", node.text);
  if (node.kind == Kind::retry) out.field("message", node.text);
  if (node.kind == Kind::cancel || node.kind == Kind::resume) out.field("by", node.text);
  if (node.kind == Kind::resume && !node.name.empty()) out.field("from", node.name);
  if (node.kind == Kind::report)
    out.field_raw("value", node.result.empty() ? "null" : node.result);
  else if (!node.result.empty())
    out.field_raw("result", node.result);
  if (!node.error.empty()) out.field_raw("error", node.error);
}

}  // namespace

Result<std::unique_ptr<TraceNode>> build_trace(std::string_view journal) {
  const Result<JsonDocument> document = read_json(journal);
  if (!document) return fail(document.error());
  TraceBuilder builder;
  if (document->root().is_array()) {
    for (const JsonElement entry : simdjson::dom::array(document->root())) builder.take(entry);
  }
  return builder.root();
}

void append_trace_fields(JsonWriter& out, const TraceNode& node) {
  out.field("kind", name_of(node.kind));
  append_details(out, node);
  if (!node.outcome.empty()) out.field("outcome", node.outcome);
  out.field("at", format_time_utc(node.at));
  if (node.duration_ms >= 0) out.field("duration_ms", node.duration_ms);
  if (!node.line.empty()) out.field("line", node.line);
}

void append_trace(JsonWriter& out, const TraceNode& node) {
  out.begin_object();
  append_trace_fields(out, node);
  if (!node.children.empty()) {
    out.key("children").begin_array();
    for (const auto& child : node.children) append_trace(out, *child);
    out.end_array();
  }
  out.end_object();
}

}  // namespace engine::cli
