// Runs in a file of their own, to be looked at on another machine: an SQLite database with the
// store's own tables, so that whoever reads the store reads it too. Beside them the table `export`
// says what it is.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/store/database.h"
#include "engine/store/runs.h"

namespace engine::store {

struct ExportedRun {
  RunRecord run;
  std::string state;  // as a person should see it
  bool whole = true;  // with its journal, its sources, its mail; else its row alone
};

struct Export {
  std::vector<ExportedRun> runs;
  // What is known about it: "run" (whose export it is), "at" (milliseconds), and more.
  std::map<std::string, std::string> notes;
  // What of a JSON text may be seen elsewhere.
  std::function<std::string(std::string json)> visible;
};

// Writes a file for its owner alone, whole or not at all. ALREADY_EXISTS where there is one.
Result<void> write_export(Database& from, const Export& what, const std::string& file);

// NOT_FOUND, FAILED for what is damaged or no export, UNSUPPORTED for one of a newer engine.
Result<Database> open_export(const std::string& file);
// Empty where there is none of that name.
Result<std::string> export_note(Database& db, std::string_view name);

}  // namespace engine::store
