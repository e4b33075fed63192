// Carries out groups of commands, each group in one transaction; knows the live runs of the
// process.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/store/command.h"
#include "engine/store/locks.h"

namespace engine::store {

// Used by the writer's thread alone, but for epoch().
class Committer final : private Transaction {
 public:
  // With an error for a database, every command fails with that error.
  Committer(Result<Database> db, LockFile& locks, const Clock& clock);

  // Afterwards the group is on disk, but for the commands whose `error` is set.
  void commit(std::span<Command> group);
  // Nothing more is coming for now: other processes' turn.
  void rest() { locks_.end_turn(); }
  // The last thing done: cuts a long log, so that the next process opens quickly.
  void close();

  // Of this process, 0 before its first run; any thread.
  int64_t epoch() const { return epoch_; }

 private:
  struct Live {
    int64_t key = 0;                    // 0: its row could not be written
    int64_t tail = 0;                   // its last journal row
    bool unrecorded = false;            // run.tail is older than `tail`
    std::shared_ptr<const Error> hole;  // a write of it was lost
  };
  struct Step {  // undone when what it belongs to is rolled back
    Live* live;
    int64_t tail_before;
  };

  Database& db() override { return *db_; }
  Result<void> append(LiveRun run, std::string_view entries) override;

  Result<void> transact(std::span<Command> group);
  void settle();
  Result<void> prepare_connection();
  Result<void> own_runs(std::span<const Command> group);
  Result<void> register_epoch();
  Result<void> forget_dead_owners(int64_t ours);
  Result<void> apply(Command& command);
  Result<void> apply(AppendEntries& work) { return append(work.run, work.entries); }
  Result<void> apply(std::unique_ptr<StartRun>& work);
  Result<void> apply(std::unique_ptr<AdoptRun>& work);
  Result<void> apply(std::unique_ptr<FinishRun>& work);
  Result<void> apply(std::unique_ptr<ParkRun>& work);
  Result<void> apply(Job& job);
  Result<void> leave(LiveRun run, const Live& live);
  Result<void> append_row(Live& live, std::string_view entries);
  Result<void> record_tails();
  void undo_steps(size_t from);
  void lose(Command& command, const std::shared_ptr<const Error>& error);
  void strand(LiveRun run);
  void abandon(std::span<Command> group, const Error& error);
  void keep_log_short();

  Result<Database> db_;
  LockFile& locks_;
  const Clock& clock_;
  bool connection_prepared_ = false;
  std::atomic<int64_t> epoch_ = 0;
  bool tails_recorded_ = false;  // by the group in progress
  bool epoch_is_new_ = false;    // registered by the group in progress
  int64_t tails_from_ = 0;       // rows from here on may be after a recorded tail
  int64_t newest_row_ = 0;
  std::unordered_map<LiveRun, Live> live_;
  std::vector<Step> steps_;        // of the group in progress
  std::vector<LiveRun> finished_;  // or parked, by the group in progress
  std::vector<LiveRun> lost_;      // whose end, or whose parking, was not written by it
  std::vector<Live> stranded_;     // of groups before
  int log_pages_ = 0;
  int file_pages_ = 0;  // the log's file does not shrink when the log begins anew
  int checkpoint_at_pages_;
};

}  // namespace engine::store
