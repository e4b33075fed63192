// What happened in a run, a node of its trace at a time, in words.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/terminal.h"
#include "engine/cli/trace_tree.h"

namespace engine::cli {

class TraceText {
 public:
  // `full`: arguments and results are not shortened. `unended` is said of what has no end yet.
  TraceText(const Terminal& terminal, bool full, std::string unended)
      : terminal_(terminal), full_(full), unended_(std::move(unended)) {}

  std::string headline(const TraceNode& node) const;
  // What it answered, or its error: a line each.
  std::vector<std::string> details(const TraceNode& node) const;
  // All below the node, as a tree.
  std::string tree(const TraceNode& node) const;

 private:
  std::string cut(std::string_view json) const;
  std::string mark(const TraceNode& node) const;
  void append_children(std::string& text, const TraceNode& node, const std::string& before) const;

  const Terminal& terminal_;
  const bool full_;
  const std::string unended_;
};

}  // namespace engine::cli
