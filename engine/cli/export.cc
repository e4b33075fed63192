// engine export: a run in a file of its own, to be looked at elsewhere.
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/cli/catalog.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/facts.h"
#include "engine/cli/history.h"
#include "engine/cli/libraries.h"
#include "engine/cli/records.h"
#include "engine/ops/sealed.h"
#include "engine/store/exported.h"
#include "engine/store/tickets.h"

#ifndef ENGINE_VERSION
#define ENGINE_VERSION "0.1.0"
#endif

namespace engine::cli {

namespace {

constexpr size_t kRunsMax = 500;

std::string member_of(const std::string& json, std::string_view name) {
  const Result<JsonDocument> document = read_json(json);
  return document ? entry_text(document->root(), name) : "";
}

// Which runs go along: the one that was asked for first.
class Gathering {
 public:
  explicit Gathering(Records& records) : records_(records) {}

  Result<void> gather(const store::RunRecord& run) {
    add(run, true);
    for (size_t at = 0; at < runs_.size() && runs_.size() < kRunsMax; ++at) {
      if (!runs_[at].whole) continue;
      const store::RunRecord one = runs_[at].run;
      add(member_of(one.result, "continued_as"), true);
      add_before(one);
      const auto children = store::children_of(records_.db(), one.key);
      if (!children) return fail(children.error());
      for (const store::RunRecord& child : *children) add(child, true);
      add_holders(one.id);
    }
    return {};
  }
  std::vector<store::ExportedRun> runs() { return std::move(runs_); }

 private:
  void add(const store::RunRecord& run, bool whole) {
    const auto known = std::ranges::find(runs_, run.id, [](const auto& it) { return it.run.id; });
    if (known == runs_.end())
      runs_.push_back({run, records_.state(run), whole});
    else
      known->whole = known->whole || whole;
  }
  void add(const std::string& id, bool whole) {
    if (id.empty()) return;
    if (const auto run = store::find_run(records_.db(), id)) add(*run, whole);
  }
  // That which went on as the run, or has started it.
  void add_before(const store::RunRecord& run) {
    const std::string id = member_of(run.trigger, "run");
    if (id.empty()) return;
    const auto before = store::find_run(records_.db(), id);
    if (before) add(*before, member_of(before->result, "continued_as") == run.id);
  }
  // Whoever has a lock that the run waits for.
  void add_holders(const std::string& run) {
    const auto waiting = store::list_waiting(records_.db(), run, INT_MAX);
    if (!waiting) return;
    for (const store::Waiting& one : *waiting) {
      if (one.kind != "lock") continue;
      const auto holder = store::holder_of(records_.db(), member_of(one.what, "name"));
      if (holder && *holder) add((*holder)->run, false);
    }
  }

  Records& records_;
  std::vector<store::ExportedRun> runs_;
};

// The operations that the runs have called.
Result<std::set<std::string>> operations_of(Records& records,
                                            const std::vector<store::ExportedRun>& runs) {
  std::set<std::string> names;
  for (const store::ExportedRun& one : runs) {
    if (!one.whole) continue;
    const Result<std::string> journal = records.journal(one.run);
    if (!journal) return fail(journal.error());
    const Result<History> history = History::read(*journal);
    if (!history) return fail(history.error());
    for (const JsonElement entry : history->all()) {
      const std::string kind = entry_text(entry, "t");
      if (kind == "call" || kind == "op") names.insert(entry_text(entry, "op"));
    }
  }
  return names;
}

// {"docker":"1.0"}, of the plugins whose operations were called.
std::string plugins_json(Catalog& catalog, const std::set<std::string>& operations) {
  std::set<std::string> used;
  for (const std::string& name : operations) used.insert(name.substr(0, name.find('.')));
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  for (const plugin::PluginStatus& status : catalog.plugins.list()) {
    if (used.contains(status.name)) out.field(status.name, status.version);
  }
  out.end_object();
  return json;
}

std::string libraries_json() {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  for (const Library& library : libraries()) out.field(library.name, library.version);
  out.end_object();
  return json;
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 ? name : "";
}

Result<std::map<std::string, std::string>> notes_of(Session& session, Records& records,
                                                    Catalog& catalog,
                                                    const std::vector<store::ExportedRun>& runs) {
  const auto operations = operations_of(records, runs);
  if (!operations) return fail(operations.error());
  return std::map<std::string, std::string>{
      {"run", runs.front().run.id},
      {"at", std::to_string(system_clock().wall_ms())},
      {"by", person()},
      {"host", host_name()},
      {"engine", ENGINE_VERSION},
      {"libraries", libraries_json()},
      {"plugins", plugins_json(catalog, *operations)},
      {"operations", facts_json(known_facts(session), *operations)},
  };
}

void say_done(Session& session, const std::string& file,
              const std::vector<store::ExportedRun>& runs) {
  std::error_code ignored;
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(file, ignored));
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("run", runs.front().run.id).field("file", file).field("bytes", bytes);
  out.key("runs").begin_array();
  size_t whole = 0;
  for (const store::ExportedRun& one : runs) {
    if (one.whole) ++whole, out.string(one.run.id);
  }
  out.end_array().end_object();
  if (session.format != Format::table) session.print(json + "\n");
  session.say("exported run " + runs.front().run.id +
              (whole > 1 ? " and " + std::to_string(whole - 1) + " that belong to it" : "") +
              " to " + made_visible(file) + ", " + human_size(bytes) + "\n");
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto config = session.config();
  if (!config) return config.error();
  const auto records = Records::open(**config);
  if (!records) return session.fail(records.error());
  const Result<store::RunRecord> record = (*records)->find(parsed->words[0]);
  if (!record) return session.fail(record.error());
  const std::string& file = parsed->words[1];
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  Gathering gathering(**records);
  if (Result<void> gathered = gathering.gather(*record); !gathered)
    return session.fail(gathered.error());
  store::Export what;
  what.runs = gathering.runs();
  auto notes = notes_of(session, **records, **catalog, what.runs);
  if (!notes) return session.fail(notes.error());
  what.notes = std::move(*notes);
  what.visible = [](std::string json) { return ops::without_seals(std::move(json)); };
  if (Result<void> done = store::write_export((*records)->db(), what, file); !done)
    return session.fail(done.error());
  say_done(session, file, what.runs);
  return kExitOk;
}

}  // namespace

Command export_command() {
  return {.name = "export",
          .summary = "Writes a run to a file, to be looked at on another machine.",
          .usage = "export RUN FILE [-o json]",
          .details =
              "One SQLite file with the run's parameters, journal, log and sources, what it waits "
              "for, and the versions of the engine and the plugins; with it the runs that it "
              "continues or goes on as, and those that it started, theirs included. `engine "
              "trace`, `logs` and `why` take FILE instead of a run, without configuration or "
              "store. Secrets are not in it: they are named, and what is sensitive reads "
              "{\"$hidden\":true}. A file that exists is not replaced; the new one is its owner's "
              "alone.",
          .flags = {},
          .examples = {{"engine export 7k3 incident.run", "The run as it is now."},
                       {"engine trace incident.run", "Elsewhere: what it did."},
                       {"engine why incident.run", "And why it stands as it does."}},
          .run = run,
          .words_min = 2,
          .words_max = 2,
          .word = Word::run_then_file};
}

}  // namespace engine::cli
