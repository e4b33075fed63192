// What it takes to go on with a run that exists: found in the store, before anything is changed.
#pragma once

#include <string>

#include "engine/base/seal.h"
#include "engine/ops/invoker.h"
#include "engine/runs/journal.h"
#include "engine/runs/recorded.h"
#include "engine/store/store.h"

namespace engine::runs {

struct ResumeRequest {
  std::string run;        // its id, or the beginning of one
  std::string principal;  // who asks
  // What a person says of the call whose doubt ended the run, or of all of an interrupted run.
  ops::Call::Assumed assumed = ops::Call::Assumed::nothing;
  std::string from;     // a step's name: a new attempt begins there; empty: the same one goes on
  bool edited = false;  // the new attempt uses the present texts
};

struct Resumption {
  store::RunRecord record;
  Recorded recorded;
  ResumeRequest request;
  std::string params;  // as the script is given them
  int64_t tail = 0;    // the last row of its journal
  JournalSize size;
  bool new_attempt = false;  // else the interrupted one goes on
  size_t keep = 0;           // entries that the new attempt takes over
  bool holds_locks = false;  // parked, it kept them
  int64_t stepped_ms = 0;    // how far the wall clock was set since the journal told of it
  std::string settled;       // place of the doubt that was told and is settled; empty: of all
};

// An interrupted or parked run goes on; a failed or cancelled one gets a new attempt, at a step, or
// where a person settles its doubt. CONFLICT for a run that a living process carries, or that ended
// well.
Result<Resumption> find_resumption(store::Store& store, ResumeRequest request, Seal& seal,
                                   const Clock& clock);

}  // namespace engine::runs
