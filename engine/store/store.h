// The one store of a machine: runs, their journal, and runbooks' state, kept in SQLite. Reads
// happen on the loop's thread; every write goes to one writer thread, which commits in groups and
// answers on the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/loop/loop.h"
#include "engine/store/database.h"
#include "engine/store/parked.h"
#include "engine/store/runs.h"

namespace engine::store {

// A run that this process carries, known from the moment it is started, before it has a row. Never
// used again.
enum class LiveRun : int64_t {};

// Called on the loop's thread, in the order of the writes, once the write is on disk or has failed.
// One call each.
using Committed = std::move_only_function<void(Result<void>)>;

// What a job works on: the group's open transaction, on the writer's thread, valid during the job
// alone.
class Transaction {
 public:
  virtual Database& db() = 0;
  // Journal entries that become durable together with what the job does (exactly once, or not at
  // all).
  virtual Result<void> append(LiveRun run, std::string_view entries) = 0;

 protected:
  ~Transaction() = default;
};
// Runs once. An error undoes what this job did and nothing else; the error reaches its Committed.
using Job = std::move_only_function<Result<void>(Transaction&)>;

struct StoreOptions {
  std::string folder = {};
  enum class Access {
    read,   // looks at a store that must exist (NOT_FOUND otherwise); writing is still possible
    write,  // creates folder and file where missing; a store that cannot be written is refused
  } access = Access::write;
  const Clock* clock = &system_clock();
  std::string vfs = {};  // an SQLite VFS, for tests of failing disks
};

class Store {
 public:
  // Refuses in words what cannot be used: a newer schema, a damaged file, no permission, a full
  // disk. No thread is started before the first write. `loop` outlives the store.
  static Result<std::unique_ptr<Store>> open(Loop& loop, StoreOptions options);
  // Everything queued is on disk afterwards; what has not been answered by then is dropped
  // unanswered.
  ~Store();

  // All of these: loop's thread, never wait, and are carried out in the order of the calls.
  // Starts a run: its row, the texts of its sources and the first entries (a JSON array) are one
  // commit.
  LiveRun start_run(NewRun run, std::string entries, Committed committed);
  // Goes on with a run whose process is gone, or that had ended. As if it were started: where it
  // cannot be had, every later write of it fails with the same error.
  LiveRun adopt_run(Adoption run, Committed committed);
  // Appends a JSON array of entries. Without `committed` it is lazy: it goes with the next write
  // that somebody waits for, or when 256 KiB have gathered; call flush() before a long wait. After
  // a failed commit the run's journal has a hole, so all later appends of that run fail with the
  // same error.
  void append(LiveRun run, std::string entries, Committed committed = {});
  // The run's last entries, its end and the place of its journal are one commit; the handle is
  // spent. A run with a hole has no end: its process lets go of it, so that it can be taken up
  // again from what is on disk, and the answer is the error that made the hole.
  void finish_run(LiveRun run, RunEnd end, std::string entries, Committed committed);
  // The run waits, and is nobody's from then on; its handle is spent.
  void park_run(LiveRun run, Parking parking, Committed committed);
  void write(Job job, Committed committed);
  // Sends lazy appends on their way.
  void flush();
  // Waits (blocking) until everything queued is on disk and calls what is still to be answered.
  // What is written afterwards is dropped unanswered, so nothing that waits for it ever starts.
  void close();

  // For queries, on the loop's thread; read-only; belongs to the store. Keep no statement open
  // across turns of the loop: an open reader keeps the write-ahead log from being cut.
  Result<Database*> reader();

  // Whether the process that took this owner epoch is alive: its kernel file lock tells.
  bool is_alive(int64_t owner_epoch) const;
  // Called, on the loop's thread, when another process says that there is mail for a run that this
  // one carries.
  void on_ring(std::function<void()> rung);
  // Tells the process of that owner epoch that there is; false when nobody is there to hear it.
  bool ring(int64_t owner_epoch) const;
  // Tells all processes that there is mail for a run that none of them carries.
  void ring_all() const;
  // The state as a person should see it: "interrupted" for a running run whose process is gone,
  // "queued" for one whose script may not go on yet.
  std::string state_of(const RunRecord& run) const;

  const std::string& folder() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine::store
