// One transaction a group. A command that fails is undone alone; when the transaction itself fails,
// everybody in it does, and no run of that group may go on as if nothing was missing.
#include "engine/store/committer.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>

#include "engine/base/log.h"
#include "engine/store/journal.h"

namespace engine::store {
namespace {

// The write-ahead log, in pages of 4 KiB: copied home from 16 MiB on, waiting for readers from 24,
// and longer from 40, tried again every 2; more than 1 MiB is not left to the next process.
constexpr int kCheckpointPages = 4096;
constexpr int kRestartPages = 6144;
constexpr int kUrgentPages = 10240;
constexpr int kRetryPages = 512;
constexpr int kLeftPages = 256;
constexpr int kReaderPatienceMs = 100;
constexpr int kUrgentPatienceMs = 2000;
constexpr int kBusyTimeoutMs = 5000;
constexpr int kOwnersTidied = 16;

std::shared_ptr<const Error> shared(Error error) {
  return std::make_shared<const Error>(std::move(error));
}

// The run that a command belongs to, if it does.
std::optional<LiveRun> run_of(const Command& command) {
  if (const auto* append = std::get_if<AppendEntries>(&command.work)) return append->run;
  if (const auto* start = std::get_if<std::unique_ptr<StartRun>>(&command.work)) {
    return (*start)->run;
  }
  if (const auto* adopt = std::get_if<std::unique_ptr<AdoptRun>>(&command.work)) {
    return (*adopt)->run;
  }
  if (const auto* finish = std::get_if<std::unique_ptr<FinishRun>>(&command.work)) {
    return (*finish)->run;
  }
  if (const auto* park = std::get_if<std::unique_ptr<ParkRun>>(&command.work)) {
    return (*park)->run;
  }
  return std::nullopt;
}

}  // namespace

Committer::Committer(Result<Database> db, LockFile& locks, const Clock& clock)
    : db_(std::move(db)), locks_(locks), clock_(clock), checkpoint_at_pages_(kCheckpointPages) {}

void Committer::commit(std::span<Command> group) {
  if (!db_) return abandon(group, db_.error());
  if (Result<void> turn = locks_.take_turn(); !turn) return abandon(group, turn.error());
  steps_.clear();
  finished_.clear();
  tails_recorded_ = false;
  Result<void> done = transact(group);
  if (!done) {
    if (db_->in_transaction()) (void)db_->run("ROLLBACK");
    undo_steps(0);
    abandon(group, done.error());
    if (epoch_is_new_) locks_.release_epoch(epoch_.exchange(0));
  } else {
    settle();
    keep_log_short();
  }
  epoch_is_new_ = false;
  locks_.offer_turn();
}

Result<void> Committer::transact(std::span<Command> group) {
  if (Result<void> ready = prepare_connection(); !ready) return ready;
  if (Result<void> begun = db_->run("BEGIN IMMEDIATE"); !begun) return begun;
  if (Result<void> owned = own_runs(group); !owned) return owned;
  for (const Live& run : stranded_) {
    if (Result<void> gone = let_go(*db_, run.key, run.tail, epoch_); !gone) return gone;
  }
  for (Command& command : group) {
    Result<void> done = apply(command);
    if (done) continue;
    if (!db_->in_transaction()) return done;  // a full disk ends the whole transaction
    lose(command, shared(done.error()));
  }
  if (epoch_ && newest_row_ >= tails_from_ + kTailWindow) {
    if (Result<void> recorded = record_tails(); !recorded) return recorded;
  }
  return db_->run("COMMIT");
}

void Committer::settle() {
  for (LiveRun run : finished_) live_.erase(run);
  stranded_.clear();
  for (LiveRun run : lost_) strand(run);
  lost_.clear();
  if (!tails_recorded_) return;
  tails_from_ = newest_row_ + 1;
  for (auto& [run, live] : live_) live.unrecorded = false;
}

Result<void> Committer::prepare_connection() {
  if (connection_prepared_) return {};
  Result<void> done = db_->exec(
      "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 33554432; PRAGMA temp_store = "
      "MEMORY");
  connection_prepared_ = done.has_value();
  return done;
}

Result<void> Committer::own_runs(std::span<const Command> group) {
  if (epoch_ == 0) {
    for (const Command& command : group) {
      if (run_of(command)) return register_epoch();
    }
    return {};
  }
  Result<Statement> query = db_->prepare("SELECT 1 FROM owner WHERE epoch = ?");
  if (!query) return fail(query.error());
  Result<bool> ours = query->bind(epoch_.load()).step();
  if (!ours) return fail(ours.error());
  if (*ours) return {};
  return fail(code::kConflict, "another process has taken over the runs of this one",
              "`engine runs` tells what became of them");
}

Result<void> Committer::register_epoch() {
  Result<int64_t> last = db_->number("SELECT max(id) FROM journal");
  if (!last) return fail(last.error());
  Result<Statement> query =
      db_->prepare("INSERT INTO owner(pid, since, tails_from) VALUES(?, ?, ?)");
  if (!query) return fail(query.error());
  const int64_t tails_from = *last + 1;
  Result<void> done =
      query->bind(static_cast<int64_t>(getpid()), clock_.wall_ms(), tails_from).run();
  if (!done) return done;
  const int64_t epoch = db_->last_insert_id();
  // Before the commit, so that nobody ever sees the epoch without its lock.
  if (!locks_.hold_epoch(epoch)) {
    return fail(code::kInternal, "owner epoch " + std::to_string(epoch) + " is held by another");
  }
  epoch_ = epoch;
  epoch_is_new_ = true;
  tails_from_ = tails_from;
  return forget_dead_owners(epoch);
}

Result<void> Committer::forget_dead_owners(int64_t ours) {
  Result<Statement> query = db_->prepare(
      "SELECT epoch FROM owner o WHERE epoch <> ?"
      " AND NOT EXISTS(SELECT 1 FROM run WHERE owner = o.epoch AND state = 'running')"
      " ORDER BY epoch DESC LIMIT ?");
  if (!query) return fail(query.error());
  query->bind(ours, kOwnersTidied);
  std::vector<int64_t> dead;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    if (!locks_.is_held_elsewhere(query->integer(0))) dead.push_back(query->integer(0));
  }
  for (int64_t epoch : dead) {
    Result<Statement> removal = db_->prepare("DELETE FROM owner WHERE epoch = ?");
    if (!removal) return fail(removal.error());
    if (Result<void> removed = removal->bind(epoch).run(); !removed) return removed;
  }
  return {};
}

Result<void> Committer::apply(Command& command) {
  return std::visit([this](auto& work) { return apply(work); }, command.work);
}

Result<void> Committer::apply(std::unique_ptr<StartRun>& work) {
  Result<int64_t> key = insert_run(*db_, work->row, epoch_);
  if (!key) return fail(key.error());
  Live& live = live_[work->run];
  live.key = *key;
  return append_row(live, work->entries);
}

Result<void> Committer::apply(std::unique_ptr<AdoptRun>& work) {
  if (Result<void> adopted = adopt_run(*db_, work->as, epoch_); !adopted) return adopted;
  Live& live = live_[work->run];
  live.key = work->as.key;
  live.tail = work->as.tail;
  return {};
}

Result<void> Committer::apply(std::unique_ptr<FinishRun>& work) {
  auto found = live_.find(work->run);
  assert(found != live_.end());
  Live& live = found->second;
  if (live.hole) return leave(work->run, live);
  if (Result<void> added = append_row(live, work->entries); !added) return added;
  Result<void> done = finish_run(*db_, live.key, work->end, live.tail);
  if (done) finished_.push_back(work->run);
  return done;
}

// What is missing on disk can't be had any more: whoever takes the run up goes on from what is
// there.
Result<void> Committer::leave(LiveRun run, const Live& live) {
  const Result<void> gone = live.key ? let_go(*db_, live.key, live.tail, epoch_) : Result<void>();
  if (!gone) return gone;
  finished_.push_back(run);
  return fail(*live.hole);
}

Result<void> Committer::apply(std::unique_ptr<ParkRun>& work) {
  auto found = live_.find(work->run);
  assert(found != live_.end());
  const Live& live = found->second;
  if (live.hole) return leave(work->run, live);
  Result<void> done = park_run(*db_, live.key, live.tail, work->parking, clock_);
  if (done) finished_.push_back(work->run);
  return done;
}

Result<void> Committer::apply(Job& job) {
  const size_t steps_before = steps_.size();
  if (Result<void> saved = db_->run("SAVEPOINT job"); !saved) return saved;
  Result<void> done = job(*this);
  if (!done && db_->in_transaction()) {
    undo_steps(steps_before);
    Result<void> undone = db_->run("ROLLBACK TO job");
    if (undone) undone = db_->run("RELEASE job");
    if (!undone) return undone;
    return done;
  }
  return done ? db_->run("RELEASE job") : done;
}

Result<void> Committer::append(LiveRun run, std::string_view entries) {
  auto found = live_.find(run);
  assert(found != live_.end());
  if (found->second.hole) return fail(*found->second.hole);
  return append_row(found->second, entries);
}

Result<void> Committer::append_row(Live& live, std::string_view entries) {
  if (entries.empty()) return {};
  Result<int64_t> row = append_entries(*db_, live.key, live.tail, entries);
  if (!row) return fail(row.error());
  steps_.push_back({&live, live.tail});
  live.tail = newest_row_ = *row;
  live.unrecorded = true;
  return {};
}

Result<void> Committer::record_tails() {
  Result<Statement> query = db_->prepare("UPDATE run SET tail = ? WHERE key = ?");
  if (!query) return fail(query.error());
  for (auto& [run, live] : live_) {
    if (!live.unrecorded || live.key == 0) continue;
    if (Result<void> done = query->bind(live.tail, live.key).run(); !done) return done;
  }
  Result<Statement> from = db_->prepare("UPDATE owner SET tails_from = ? WHERE epoch = ?");
  if (!from) return fail(from.error());
  tails_recorded_ = true;
  return from->bind(newest_row_ + 1, epoch_.load()).run();
}

void Committer::undo_steps(size_t from) {
  while (steps_.size() > from) {
    steps_.back().live->tail = steps_.back().tail_before;
    steps_.pop_back();
  }
}

void Committer::lose(Command& command, const std::shared_ptr<const Error>& error) {
  command.error = error;
  const std::optional<LiveRun> run = run_of(command);
  if (!run) return;
  Live& live = live_[*run];
  if (!live.hole) live.hole = error;
  const bool last = std::holds_alternative<std::unique_ptr<FinishRun>>(command.work) ||
                    std::holds_alternative<std::unique_ptr<ParkRun>>(command.work);
  if (last && std::ranges::find(finished_, *run) == finished_.end()) lost_.push_back(*run);
}

// Nobody speaks for it any more: it is let go of with the next group that can be written.
void Committer::strand(LiveRun run) {
  const auto found = live_.find(run);
  if (found == live_.end()) return;
  if (found->second.key != 0) stranded_.push_back(found->second);
  live_.erase(found);
}

void Committer::abandon(std::span<Command> group, const Error& error) {
  const std::shared_ptr<const Error> reason = shared(error);
  finished_.clear();
  lost_.clear();
  for (Command& command : group) {
    lose(command, reason);
    if (auto* start = std::get_if<std::unique_ptr<StartRun>>(&command.work)) {
      live_[(*start)->run].key = 0;
    }
    if (auto* adopt = std::get_if<std::unique_ptr<AdoptRun>>(&command.work)) {
      live_[(*adopt)->run].key = 0;
    }
  }
  for (LiveRun run : lost_) strand(run);
  lost_.clear();
}

// Holding the turn, between groups: inside COMMIT it would stall the group, and on a thread of its
// own it could never catch up with a busy writer.
void Committer::keep_log_short() {
  const int pages = db_->wal_pages();
  if (pages < log_pages_) checkpoint_at_pages_ = kCheckpointPages;  // the log began anew
  log_pages_ = pages;
  file_pages_ = std::max(file_pages_, pages);
  if (pages < checkpoint_at_pages_) return;
  checkpoint_at_pages_ = pages + kRetryPages;
  const bool long_log = pages >= kRestartPages;
  if (long_log) {
    db_->set_busy_timeout(pages >= kUrgentPages ? kUrgentPatienceMs : kReaderPatienceMs);
  }
  Result<bool> done =
      db_->checkpoint(long_log ? Database::Checkpoint::restart : Database::Checkpoint::passive);
  if (long_log) db_->set_busy_timeout(kBusyTimeoutMs);
  if (!done) log::warn("store", "cannot shorten the write-ahead log: " + done.error().message);
}

void Committer::close() {
  rest();
  if (!db_ || std::max(file_pages_, db_->wal_pages()) <= kLeftPages) return;
  if (Result<void> turn = locks_.take_turn(); !turn) return;
  db_->set_busy_timeout(0);
  Result<bool> done = db_->checkpoint(Database::Checkpoint::truncate);
  if (!done) log::warn("store", "cannot cut the write-ahead log: " + done.error().message);
  rest();
}

}  // namespace engine::store
