// Why a run is as it is: a chain of causes, the most immediate first, read from the store. Where
// another run is in the way, that one's chain follows.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/cli/facts.h"
#include "engine/cli/history.h"
#include "engine/cli/records.h"
#include "engine/cli/waits.h"

namespace engine::cli {

struct Cause {
  std::string kind = {};
  std::string text = {};     // what is true of the run: "it sleeps until 02:00"
  int64_t at_ms = 0;         // since when, or when; 0: unknown
  std::string line = {};     // "fix.lua:12"
  std::string step = {};     // the innermost around it
  std::string next = {};     // what to do; empty: nothing
  std::string details = {};  // more for programs: a JSON object, or empty
  std::string run = {};      // whose cause it is
  std::string runbook = {};
  int depth = 0;  // 0: of the run that was asked about
};

class Inquiry {
 public:
  Inquiry(Records& records, Facts facts) : records_(records), facts_(std::move(facts)) {}

  Result<std::vector<Cause>> causes(const store::RunRecord& run);

 private:
  struct Subject {
    const store::RunRecord& run;
    std::string state;
    History history;
  };
  Result<void> ask(const store::RunRecord& run);
  // Asks another run, one level deeper; a circle ends there.
  Result<void> ask_other(const std::string& id);
  void add(const Subject& subject, Cause cause);

  // What became of it, in inquiry.cc.
  void gone(const Subject& subject);
  void cancel_asked(const Subject& subject);
  void succeeded(const Subject& subject);
  void skipped(const Subject& subject);
  void cancelled(const Subject& subject);
  void taken_over(const Subject& subject);
  void began(const Subject& subject);
  std::string process_of(const store::RunRecord& run);

  // What it waits for or is at, in inquiry_waits.cc.
  Result<void> waits(const Subject& subject);
  Result<void> wait(const Subject& subject, const store::Waiting& waiting, bool several);
  Result<void> lock(const Subject& subject, Cause cause, const Wait& wait,
                    const std::string& place);
  Result<void> turn(const Subject& subject, Cause cause, const store::Waiting& waiting);
  void works(const Subject& subject, bool waits);

  // What failed, in inquiry_failure.cc.
  Result<void> failed(const Subject& subject);
  void raised_by(const Subject& subject, const Error& error);
  void retried(const Subject& subject, const Error* like);
  void doubts(const Subject& subject);
  void cut_off(const Subject& subject);

  Records& records_;
  Facts facts_;
  std::vector<Cause> causes_;
  std::set<std::string> asked_;
  int depth_ = 0;
};

// "docker.container.stop {"id":"db"}", not too long.
std::string call_text(JsonElement entry);
// Of a run's error: the runbook's line, "fix.lua:12"; empty where it has none.
std::string error_line(const std::string& json);
std::string error_details(const store::RunRecord& run);  // {"error"}, or empty

}  // namespace engine::cli
