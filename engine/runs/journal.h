// One run's entries on their way to the store, and back to whoever looks on once they are on disk.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/loop/loop.h"
#include "engine/store/store.h"

namespace engine::runs {

struct JournalSize {
  size_t entries = 0;
  size_t bytes = 0;
};

// What is not shown to anybody is recorded lazily: it goes with the next entry that has to be on
// disk. The order of note(), barrier(), commit_with() and finish() is the order on disk.
class Journal {
 public:
  using Watch = std::function<void(std::string_view entry)>;
  // Called once, when a commit failed: no effect of this run may start any more.
  using Broken = std::function<void(const Error& error)>;

  Journal(Loop& loop, store::Store& store, store::NewRun row, Watch watch, Broken broken);
  // Of a run that has entries already.
  Journal(Loop& loop, store::Store& store, store::LiveRun live, JournalSize size, Watch watch,
          Broken broken);
  ~Journal();

  void note(std::string entry);
  // The same, for what people see as it happens: on its way at the end of the loop's turn.
  void show(std::string entry);
  // The outcome of an effect: it goes with the next barrier, or with settle().
  void note_result(std::string entry);
  // Sends an outcome that nothing has taken along; called at the end of the run's turn.
  void settle();
  // `durable` comes when everything so far is on disk, or with the error that kept it from there.
  void barrier(store::Committed durable);
  // Sends what has gathered; nobody waits for it.
  void flush();
  // `job` and the entry it answers become one transaction, after everything so far.
  using Job = std::move_only_function<Result<std::string>(store::Database& database)>;
  void commit_with(Job job, std::move_only_function<void(Result<void>)> committed);
  // The last entries and the run's end. Afterwards the journal is closed.
  void finish(store::RunEnd end, std::string entry,
              std::move_only_function<void(Result<void>)> committed);

  // The run waits in the store alone from here on. Afterwards the journal is closed.
  void park(store::Parking parking, store::Committed committed);

  // A text that the run has come to depend on after its start.
  void pin(store::SourceText source);

  // A result that is too large for an entry; on disk no later than what is noted after it.
  void keep(std::string name, std::string text);

  // Something else of the run in the store, in the order of its entries.
  void write_beside(store::Job job);

  bool dirty() const { return !buffer_.empty(); }
  // Since the run's start; what operations on our own store record is left out.
  const JournalSize& size() const { return size_; }
  // Bytes handed to the store that are not known to be on disk.
  size_t unconfirmed() const { return sent_ - confirmed_; }

 private:
  void count(std::string_view entry);
  void add(std::string entry);
  void send(store::Committed committed);
  store::Committed arrived(std::vector<std::string> shown, store::Committed then);
  store::LiveRun live();

  Loop& loop_;
  store::Store& store_;
  std::optional<store::NewRun> row_;  // until the first entries are sent
  std::optional<store::LiveRun> live_;
  JournalSize size_;
  Watch watch_;
  Broken broken_;
  std::string buffer_;               // "[entry,entry"
  std::vector<std::string> unseen_;  // the same entries, for the onlooker
  size_t sent_ = 0;                  // bytes, since the start
  size_t confirmed_ = 0;             // of these, on disk for certain
  int showing_ = 0;                  // commits under way that somebody watches
  bool flush_asked_ = false;
  bool result_waits_ = false;
  std::shared_ptr<Journal*> self_;
};

}  // namespace engine::runs
