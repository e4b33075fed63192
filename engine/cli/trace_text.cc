#include "engine/cli/trace_text.h"

#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "engine/base/units.h"

namespace engine::cli {

namespace {

using Kind = TraceNode::Kind;
constexpr size_t kShownMax = 160;

}  // namespace

std::string TraceText::cut(std::string_view json) const {
  const std::string visible = made_visible(json);
  return full_ ? visible : shortened(visible, kShownMax);
}

std::string TraceText::mark(const TraceNode& node) const {
  if (node.outcome == "ok") return terminal_.painted(Paint::green, "ok");
  if (node.outcome == "planned") return terminal_.painted(Paint::yellow, "planned");
  if (node.outcome == "running") return terminal_.painted(Paint::blue, unended_);
  return terminal_.painted(Paint::red, "failed");
}

std::string TraceText::headline(const TraceNode& node) const {
  const std::string took = node.duration_ms < 0 ? "" : human_duration(Millis(node.duration_ms));
  switch (node.kind) {
    case Kind::step:
      return terminal_.painted(Paint::bold, made_visible(node.name)) + "  " + mark(node) + "  " +
             took;
    case Kind::operation:
      return made_visible(node.name) + " " + (node.args == "{}" ? "" : cut(node.args) + " ") + " " +
             mark(node) + "  " + took + "  " +
             terminal_.painted(Paint::dim, node.effect + ", " + made_visible(node.line));
    case Kind::wait:
      return "waited " + took;
    case Kind::retry:
      return "retry: " + node.text + " after " + took;
    case Kind::log:
      return made_visible(node.name) + ": " + made_visible(node.text) +
             (node.args.empty() ? "" : " " + cut(node.args));
    case Kind::report:
      return "report " + cut(node.result);
    case Kind::cancel:
      return node.text.empty() ? "out of time" : "cancelled by " + made_visible(node.text);
    case Kind::resume:
      return (node.name.empty() ? "resumed"
                                : "a new attempt from step '" + made_visible(node.name) + "'") +
             std::string(" by ") + made_visible(node.text);
    case Kind::queue:
      return "queued" + (node.text.empty() ? "" : " behind run " + made_visible(node.text)) +
             (took.empty() ? "" : " for " + took);
    case Kind::root:
      break;
  }
  return "";
}

std::vector<std::string> TraceText::details(const TraceNode& node) const {
  std::vector<std::string> lines;
  if (node.kind == Kind::operation && !node.result.empty() && node.result != "null") {
    lines.push_back(terminal_.painted(Paint::dim, "-> " + cut(node.result)));
  }
  if (!node.error.empty()) {
    const Error error = error_from_json(node.error);
    lines.push_back(terminal_.painted(Paint::red, error.code + ": " + made_visible(error.message)));
  }
  return lines;
}

std::string TraceText::tree(const TraceNode& node) const {
  std::string text;
  append_children(text, node, "");
  return text;
}

void TraceText::append_children(std::string& text, const TraceNode& node,
                                const std::string& before) const {
  for (const auto& child : node.children) {
    const bool last = child == node.children.back();
    text +=
        terminal_.painted(Paint::dim, before + (last ? "└─ " : "├─ ")) + headline(*child) + "\n";
    const std::string below = before + (last ? "   " : "│  ");
    for (const std::string& line : details(*child)) {
      text += terminal_.painted(Paint::dim, below + (child->children.empty() ? "   " : "│  ")) +
              line + "\n";
    }
    append_children(text, *child, below);
  }
}

}  // namespace engine::cli
