// The table of runs: one row for each, written at its start and at its end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/store/database.h"

namespace engine::store {

// A text that a run was started with: the runbook, a module, the prelude. `hash` is the text's
// SHA-256 in hex.
struct SourceText {
  std::string name;
  std::string hash;
  std::shared_ptr<const std::string> text;  // runs that have the same one share it
  std::string file = {};                    // where it was found, to find its siblings; or empty
};

// By what the times in a run's journal are told from steps of the wall clock: `boot` is the start
// of the machine, and `ahead_ms` how far the wall clock was ahead of the machine's own before all
// the steps that the journal tells of.
struct Clocks {
  int64_t boot = 0;
  int64_t ahead_ms = 0;
};

struct NewRun {
  std::string id = {};
  std::string runbook = {};
  std::string file = {};
  std::string principal = {};
  std::string trigger = "{}";  // JSON object with "kind"
  std::string params = "{}";   // JSON object
  bool dry_run = false;
  int64_t created_at_ms = 0;
  int64_t started_at_ms = 0;
  Clocks clocks = {};
  std::optional<int64_t> parent = {};  // key of the run that started this one
  std::vector<SourceText> sources = {};
};

// A run that changes hands: as it was found, and as it goes on.
struct Adoption {
  int64_t key = 0;
  std::string state;
  int64_t owner = 0;
  int attempt = 1;
  int new_attempt = 1;
  int64_t tail = 0;  // its last journal row
  Clocks clocks = {};
};

struct RunEnd {
  std::string state = {};  // succeeded, failed, cancelled, skipped
  int64_t finished_at_ms = 0;
  std::string result = {};  // JSON, or empty for none
  std::string error = {};   // JSON, or empty for none
};

struct RunRecord {
  int64_t key = 0;
  std::string id, runbook, file;
  // running, waiting (nobody carries it), succeeded, failed, cancelled, skipped
  std::string state;
  std::string principal, trigger, params;
  bool dry_run = false;
  int attempt = 1;
  int64_t owner = 0;  // epoch of the process that carries it
  int64_t created_at_ms = 0, started_at_ms = 0, finished_at_ms = 0;  // 0: not yet
  std::string result, error;                                         // JSON; empty: none
  std::string sources;                                               // JSON list of {"name","hash"}
  int64_t tail = 0;    // its last known journal row, 0: none recorded yet
  int64_t parent = 0;  // key, 0: none
  Clocks clocks = {};
  bool queued = false;  // its script may not go on yet
  bool has_ended() const { return state != "running" && state != "waiting"; }
};

// Empty fields do not filter. Newest first.
struct RunFilter {
  std::string runbook = {};
  std::string state = {};
  std::string principal = {};
  std::string trigger_kind = {};
  int64_t since_ms = 0;    // created at or after
  int64_t until_ms = 0;    // created before; 0: no end
  int64_t before_key = 0;  // the last key of the page before; 0: the first page
  int limit = 50;
};

// The process that carries runs under an epoch.
struct Owner {
  int64_t pid = 0;
  int64_t since_ms = 0;
};

// As a run's row has them: a JSON list of {"name","hash","file"?}.
std::string sources_json(const std::vector<SourceText>& sources);
// Answers the new row's key.
Result<int64_t> insert_run(Database& db, const NewRun& run, int64_t owner);
// CONFLICT when the run is not as it was found any more.
Result<void> adopt_run(Database& db, const Adoption& run, int64_t owner);
// The script of a run that was queued begins.
Result<void> begin_run(Database& db, std::string_view id, int64_t at_ms);
Result<void> finish_run(Database& db, int64_t key, const RunEnd& end, int64_t tail);
// Its owner does not carry it any more, so that it can be taken up again.
Result<void> let_go(Database& db, int64_t key, int64_t tail, int64_t owner);
// Any unique prefix of an id. NOT_FOUND, or CONFLICT that lists the candidates.
Result<RunRecord> find_run(Database& db, std::string_view id_prefix);
Result<std::vector<RunRecord>> list_runs(Database& db, const RunFilter& filter);
// Nothing where no run has that key.
Result<std::optional<RunRecord>> run_of_key(Database& db, int64_t key);
// Those that it started, oldest first.
Result<std::vector<RunRecord>> children_of(Database& db, int64_t key);
// Nothing where the process is forgotten: it is gone, and what it carried has gone on or ended.
Result<std::optional<Owner>> find_owner(Database& db, int64_t epoch);

}  // namespace engine::store
