// engine trace: what a run did, as a tree of steps and operations.
#include "engine/base/json_read.h"
#include "engine/base/text.h"
#include "engine/cli/commands.h"
#include "engine/cli/failure.h"
#include "engine/cli/records.h"
#include "engine/cli/trace_tree.h"
#include "engine/ops/sealed.h"

namespace engine::cli {

namespace {

using Kind = TraceNode::Kind;
constexpr size_t kShownMax = 160;

class Printer {
 public:
  Printer(const Terminal& terminal, bool full) : terminal_(terminal), full_(full) {}

  void children(const TraceNode& node, const std::string& before) {
    for (const auto& child : node.children) {
      const bool last = child == node.children.back();
      text_ +=
          terminal_.painted(Paint::dim, before + (last ? "└─ " : "├─ ")) + headline(*child) + "\n";
      const std::string below = before + (last ? "   " : "│  ");
      for (const std::string& line : details(*child)) {
        text_ += terminal_.painted(Paint::dim, below + (child->children.empty() ? "   " : "│  ")) +
                 line + "\n";
      }
      children(*child, below);
    }
  }

  std::string text() { return std::move(text_); }

 private:
  std::string cut(std::string_view json) const {
    const std::string visible = made_visible(json);
    return full_ ? visible : shortened(visible, kShownMax);
  }

  std::string mark(const TraceNode& node) const {
    if (node.outcome == "ok") return terminal_.painted(Paint::green, "ok");
    if (node.outcome == "planned") return terminal_.painted(Paint::yellow, "planned");
    if (node.outcome == "running") return terminal_.painted(Paint::blue, "no end recorded");
    return terminal_.painted(Paint::red, "failed");
  }

  std::string headline(const TraceNode& node) const {
    const std::string took = node.duration_ms < 0 ? "" : human_duration(Millis(node.duration_ms));
    switch (node.kind) {
      case Kind::step:
        return terminal_.painted(Paint::bold, made_visible(node.name)) + "  " + mark(node) + "  " +
               took;
      case Kind::operation:
        return made_visible(node.name) + " " + (node.args == "{}" ? "" : cut(node.args) + " ") +
               " " + mark(node) + "  " + took + "  " +
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

  std::vector<std::string> details(const TraceNode& node) const {
    std::vector<std::string> lines;
    if (node.kind == Kind::operation && !node.result.empty() && node.result != "null") {
      lines.push_back(terminal_.painted(Paint::dim, "-> " + cut(node.result)));
    }
    if (!node.error.empty()) {
      const Error error = error_from_json(node.error);
      lines.push_back(
          terminal_.painted(Paint::red, error.code + ": " + made_visible(error.message)));
    }
    return lines;
  }

  const Terminal& terminal_;
  const bool full_;
  std::string text_;
};

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto config = session.config();
  if (!config) return config.error();
  const auto records = Records::open(**config);
  if (!records) return session.fail(records.error());
  const Result<store::RunRecord> record = (*records)->find(parsed->words[0]);
  if (!record) return session.fail(record.error());
  const Result<std::string> journal = (*records)->journal(*record);
  if (!journal) return session.fail(journal.error());
  const auto trace = build_trace(*journal);
  if (!trace) return session.fail(trace.error());
  const std::string state = (*records)->state(*record);
  if (session.format != Format::table) {
    std::string json;
    JsonWriter out(json);
    out.begin_object();
    append_run(out, *record, state);
    out.key("children").begin_array();
    for (const auto& child : (*trace)->children) append_trace(out, *child);
    out.end_array().end_object();
    session.print(json + "\n");
    return 0;
  }
  const Terminal& terminal = session.out;
  std::string text = "run " + record->id + "  " +
                     terminal.painted(Paint::bold, made_visible(record->runbook)) + "  " + state +
                     (record->dry_run ? " (dry run)" : "") + "  " + duration_text(*record) + "\n";
  text += terminal.painted(Paint::dim, format_time_local(record->started_at_ms) + ", by " +
                                           made_visible(record->principal));
  text += (record->params == "{}" ? "" : ", " + made_visible(ops::without_seals(record->params))) +
          "\n";
  Printer printer(terminal, parsed->has("full"));
  printer.children(**trace, "");
  session.print(text + printer.text());
  if (!record->error.empty()) session.print(failure_text(record->error, terminal));
  return 0;
}

}  // namespace

Command trace_command() {
  return {.name = "trace",
          .summary =
              "Shows what a run did: its steps and operations with times, arguments and results.",
          .usage = "trace RUN [--full] [-o json]",
          .details = "RUN is a run's id or the beginning of one, as long as it is one run's alone.",
          .flags = {{"full", 'f', "", "Arguments and results in full.", false, false}},
          .examples = {{"engine trace 7k3", "As a tree."},
                       {"engine trace 7k3 -o json", "For programs."}},
          .run = run,
          .words_min = 1,
          .words_max = 1,
          .word = Word::run};
}

}  // namespace engine::cli
