// Gathering entries and sending them in the order in which they came.
#include "engine/runs/journal.h"

#include "engine/store/large.h"
#include "engine/store/sources.h"

namespace engine::runs {

namespace {
constexpr size_t kBufferBytesMax = 64 << 10;
}

Journal::Journal(Loop& loop, store::Store& store, store::NewRun row, Watch watch, Broken broken)
    : loop_(loop),
      store_(store),
      row_(std::move(row)),
      watch_(std::move(watch)),
      broken_(std::move(broken)),
      self_(std::make_shared<Journal*>(this)) {}

Journal::Journal(Loop& loop, store::Store& store, store::LiveRun live, JournalSize size,
                 Watch watch, Broken broken)
    : loop_(loop),
      store_(store),
      live_(live),
      size_(size),
      watch_(std::move(watch)),
      broken_(std::move(broken)),
      self_(std::make_shared<Journal*>(this)) {}

Journal::~Journal() { *self_ = nullptr; }

void Journal::count(std::string_view entry) {
  ++size_.entries;
  size_.bytes += entry.size();
}

void Journal::add(std::string entry) {
  count(entry);
  buffer_ += buffer_.empty() ? '[' : ',';
  buffer_ += entry;
  if (watch_) unseen_.push_back(std::move(entry));
}

void Journal::note(std::string entry) {
  add(std::move(entry));
  if (buffer_.size() > kBufferBytesMax) send({});
}

void Journal::show(std::string entry) {
  add(std::move(entry));
  if (!watch_ || flush_asked_) return;
  flush_asked_ = true;
  // One commit at a time for onlookers: what comes meanwhile goes together with the next.
  if (showing_ > 0) return;
  loop_.defer([self = self_] {
    if (*self) (*self)->flush();
  });
}

void Journal::note_result(std::string entry) {
  result_waits_ = true;
  add(std::move(entry));
}

void Journal::settle() {
  if (result_waits_) send([](Result<void>) {});
}

void Journal::flush() {
  flush_asked_ = false;
  if (dirty()) send({});
}

void Journal::barrier(store::Committed durable) { send(std::move(durable)); }

store::LiveRun Journal::live() {
  if (!live_) send({});
  return *live_;
}

void Journal::send(store::Committed committed) {
  std::string entries = buffer_.empty() ? "[]" : std::move(buffer_) + "]";
  buffer_.clear();
  result_waits_ = false;
  sent_ += entries.size();
  const bool waited_for = committed || !unseen_.empty() || !live_;
  store::Committed then = arrived(std::move(unseen_), std::move(committed));
  unseen_.clear();
  if (!live_) {
    live_ = store_.start_run(std::move(*row_), std::move(entries), std::move(then));
    row_.reset();
  } else if (waited_for) {
    store_.append(*live_, std::move(entries), std::move(then));
  } else {
    store_.append(*live_, std::move(entries));
  }
}

store::Committed Journal::arrived(std::vector<std::string> shown, store::Committed then) {
  const bool watched = !shown.empty();
  if (watched) ++showing_;
  return [self = self_, shown = std::move(shown), mark = sent_, watched,
          then = std::move(then)](Result<void> outcome) mutable {
    if (Journal* journal = *self) {
      journal->confirmed_ = mark;
      if (watched) --journal->showing_;
      if (outcome && journal->watch_) {
        for (const std::string& entry : shown) journal->watch_(entry);
      }
      if (journal->flush_asked_ && journal->showing_ == 0) journal->flush();
      if (!outcome && journal->broken_) std::exchange(journal->broken_, nullptr)(outcome.error());
    }
    if (then) then(std::move(outcome));
  };
}

void Journal::commit_with(Job job, std::move_only_function<void(Result<void>)> committed) {
  const store::LiveRun run = live();
  if (dirty()) send({});
  auto entry = std::make_shared<std::string>();
  if (watch_) ++showing_;
  store_.write(
      [run, entry, job = std::move(job)](store::Transaction& transaction) mutable -> Result<void> {
        Result<std::string> written = job(transaction.db());
        if (!written) return std::unexpected(written.error());
        *entry = std::move(*written);
        return transaction.append(run, "[" + *entry + "]");
      },
      [self = self_, entry, watched = static_cast<bool>(watch_),
       committed = std::move(committed)](Result<void> outcome) mutable {
        if (Journal* journal = *self) {
          if (watched) --journal->showing_;
          if (outcome) journal->count(*entry);
          if (outcome && journal->watch_) journal->watch_(*entry);
          if (journal->flush_asked_ && journal->showing_ == 0) journal->flush();
        }
        committed(std::move(outcome));
      });
}

void Journal::write_beside(store::Job job) {
  store_.write(std::move(job), [self = self_](Result<void> outcome) {
    if (!outcome && *self && (*self)->broken_)
      std::exchange((*self)->broken_, nullptr)(outcome.error());
  });
}

void Journal::pin(store::SourceText source) {
  write_beside([source = std::move(source)](store::Transaction& transaction) {
    return store::insert_source(transaction.db(), source.hash, *source.text);
  });
}

void Journal::keep(std::string name, std::string text) {
  size_.bytes += text.size();
  write_beside([name = std::move(name), text = std::move(text)](store::Transaction& transaction) {
    return store::keep_large(transaction.db(), name, text);
  });
}

void Journal::park(store::Parking parking, store::Committed committed) {
  const store::LiveRun run = live();
  if (dirty()) send({});
  broken_ = nullptr;
  store_.park_run(run, std::move(parking), std::move(committed));
}

void Journal::finish(store::RunEnd end, std::string entry,
                     std::move_only_function<void(Result<void>)> committed) {
  if (!live_) send({});  // goes with the end, in one commit
  add(std::move(entry));
  std::string entries = std::move(buffer_) + "]";
  buffer_.clear();
  flush_asked_ = false;
  result_waits_ = false;
  broken_ = nullptr;
  store_.finish_run(*live_, std::move(end), std::move(entries),
                    arrived(std::move(unseen_), std::move(committed)));
  unseen_.clear();
}

}  // namespace engine::runs
