// engine complete: what a shell offers at the cursor, a line each, "value<TAB>what it is".
#include <algorithm>

#include "engine/base/text.h"
#include "engine/cli/candidates.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/fields.h"
#include "engine/cli/inspect.h"
#include "engine/cli/records.h"

namespace engine::cli {

namespace {

constexpr int kRunsMax = 30;
constexpr size_t kAboutMax = 80;

// What the program knows, looked up when the cursor stands where it matters. Whoever completes a
// line is told of nothing that is wrong: there are no candidates then.
class Lookup {
 public:
  explicit Lookup(Session& session) : session_(session) {}

  std::vector<Candidate> names(Word kind) {
    if (kind == Word::run) return runs();
    std::vector<Candidate> found;
    if (!open()) return found;
    if (kind == Word::runbook) {
      for (const runs::Source& source : catalog_->library.list())
        found.push_back({source.name, ""});
      return found;
    }
    if (kind == Word::source) {
      for (const plugin::EventSource& source : catalog_->plugins.sources())
        found.push_back({source.name, source.summary});
      return found;
    }
    std::string plugin;
    for (const ops::Operation* op : catalog_->registry.all()) {
      if (kind == Word::plugin && op->plugin() != plugin) {
        plugin = op->plugin();
        found.push_back({plugin, "plugin"});
      }
      found.push_back({op->name, op->summary});
    }
    return found;
  }

  std::vector<Flag> flags(const Command& command, const std::string& name) {
    if (!open()) return {};
    if (command.word == Word::operation) {
      const Result<const ops::Operation*> op = catalog_->registry.find(name);
      return op ? flags_beside(command, (*op)->params) : std::vector<Flag>();
    }
    if (command.word == Word::source) {
      const Result<plugin::EventSource> source = catalog_->plugins.source(name);
      return source ? flags_beside(command, source->params) : std::vector<Flag>();
    }
    const Result<runs::Source> source = catalog_->library.runbook(name);
    if (!source) return {};
    const Result<lua::RunbookInfo> info = inspect(*catalog_, *source);
    return info ? flags_beside(command, info->params) : std::vector<Flag>();
  }

  void setting(const std::string& flag, const std::string& value) {
    Parsed parsed;
    if (flag == "state-dir" || flag == "config") parsed.values.emplace_back(flag, value);
    static_cast<void>(session_.take_global_flags(parsed));
  }

 private:
  bool open() {
    if (catalog_) return true;
    session_.quiet = true;
    auto catalog = open_catalog(session_);
    if (catalog) catalog_ = std::move(*catalog);
    return catalog_ != nullptr;
  }

  std::vector<Candidate> runs() {
    std::vector<Candidate> found;
    const auto config = session_.config();
    if (!config) return found;
    const auto records = Records::open(**config);
    if (!records) return found;
    store::RunFilter filter;
    filter.limit = kRunsMax;
    const auto rows = store::list_runs((*records)->db(), filter);
    if (!rows) return found;
    for (const store::RunRecord& row : *rows)
      found.push_back({row.id, row.runbook + ", " + (*records)->state(row)});
    return found;
  }

  Session& session_;
  std::unique_ptr<Catalog> catalog_;
};

int run(Session& session, const Command&, std::span<const std::string> arguments) {
  if (!arguments.empty() && arguments[0] == "--") arguments = arguments.subspan(1);
  Lookup lookup(session);
  const Known known{.names = [&](Word kind) { return lookup.names(kind); },
                    .flags = [&](const Command& command,
                                 const std::string& name) { return lookup.flags(command, name); },
                    .setting = [&](const std::string& flag,
                                   const std::string& value) { lookup.setting(flag, value); }};
  std::string text;
  for (const Candidate& candidate : candidates({arguments.begin(), arguments.end()}, known)) {
    std::string about = made_visible(shortened(candidate.about, kAboutMax));
    std::ranges::replace(about, '\n', ' ');
    std::ranges::replace(about, '\t', ' ');
    if (candidate.value.find('\n') != std::string::npos) continue;
    text += candidate.value + (about.empty() ? "" : "\t" + about) + "\n";
  }
  session.print(text);
  return 0;
}

}  // namespace

Command complete_command() {
  return {.name = "complete",
          .summary = "Answers what can stand at the end of a command line.",
          .usage = "complete -- [WORD ...]",
          .details = "For the scripts of `engine completion`.",
          .flags = {},
          .examples = {},
          .run = run,
          .words_max = 1000,
          .hidden = true};
}

}  // namespace engine::cli
