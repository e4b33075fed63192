// Opening the store, and the way from its calls to the writer's thread.
#include "engine/store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/log.h"
#include "engine/base/units.h"
#include "engine/loop/timer.h"
#include "engine/store/bell.h"
#include "engine/store/committer.h"
#include "engine/store/locks.h"
#include "engine/store/schema.h"
#include "engine/store/stall.h"
#include "engine/store/writer.h"

namespace engine::store {

struct Store::Impl {
  Loop& loop;
  StoreOptions options;
  std::string file;
  LockFile locks;
  // The connection that opening made: the writer's, unless somebody reads first.
  std::optional<Database> spare;
  std::optional<Database> reader = std::nullopt;
  std::unique_ptr<Writer> writer = nullptr;
  int64_t last_live = 0;
  std::function<void()> rung = {};
  std::unique_ptr<Bell> bell = nullptr;
  bool bell_asked = false;
  TaskPtr stall_timer = nullptr;  // while something is, or just was, waited for

  void push(Command command, size_t bytes);
  bool is_alive(int64_t owner_epoch) const;
  void look_for_stall();
  void open_bell();
  Committed with_bell(Committed committed);
};

namespace {

constexpr const char* kFileName = "/engine.db";
constexpr const char* kLockFileName = "/engine.lock";
constexpr Millis kStall{5000};

Result<void> make_folder(const std::string& folder) {
  std::error_code failed;
  const std::filesystem::path path(folder);
  if (std::filesystem::is_directory(path, failed)) return {};
  std::filesystem::create_directories(path, failed);
  if (!failed) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, failed);
  }
  if (!failed) return {};
  Error error = errno_error(failed.value(), "cannot create the store's folder '" + folder + "'");
  error.hint = "choose another folder with --state-dir";
  return fail(std::move(error));
}

// For its owner alone, before SQLite makes it for everybody. What is there already keeps its mode,
// and is not opened here: closing it would drop the locks of this process's other connections.
void make_private(const std::string& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
}

Error no_store(const std::string& folder) {
  return Error(code::kNotFound, "there is no store in '" + folder + "'",
               "nothing has run yet, or it is in another folder (--state-dir)");
}

Result<LockFile> open_locks(const StoreOptions& options) {
  const std::string path = options.folder + kLockFileName;
  Result<LockFile> locks = LockFile::open(path, true);
  if (locks || options.access == StoreOptions::Access::write) return locks;
  return LockFile::open(path, false);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Loop& loop, StoreOptions options) {
  const bool writes = options.access == StoreOptions::Access::write;
  const std::string file = options.folder + kFileName;
  std::error_code failed;
  if (writes) {
    if (Result<void> made = make_folder(options.folder); !made) return fail(made.error());
  } else if (!std::filesystem::exists(file, failed) && failed.value() != EACCES) {
    return fail(no_store(options.folder));
  }
  Result<LockFile> locks = open_locks(options);
  if (!locks) return fail(locks.error());
  if (writes) make_private(file);
  Result<Database> db = Database::open(
      file, writes ? Database::Access::create : Database::Access::write, options.vfs);
  if (!db) return fail(db.error());
  if (writes && db->read_only()) {
    return fail(code::kPermissionDenied, "the store '" + file + "' cannot be written",
                "check the owner and the mode of the file and of its file system, or choose "
                "another folder with --state-dir");
  }
  if (Result<void> ready = prepare_schema(*db, *locks, file); !ready) return fail(ready.error());
  auto impl = std::make_unique<Impl>(
      Impl{loop, std::move(options), file, std::move(*locks), std::move(*db)});
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

void Store::Impl::push(Command command, size_t bytes) {
  if (!writer) {
    Result<Database> db = spare ? Result<Database>(std::move(*spare))
                                : Database::open(file, Database::Access::write, options.vfs);
    spare.reset();
    writer = std::make_unique<Writer>(
        loop, std::make_unique<Committer>(std::move(db), locks, *options.clock));
  }
  const bool waited_for = static_cast<bool>(command.committed);
  writer->push(std::move(command), bytes);
  if (waited_for && !stall_timer) look_for_stall();
}

// A process that was stopped while it wrote keeps all others waiting; they say so.
void Store::Impl::look_for_stall() {
  stall_timer = start_background_timer(loop, kStall, [this, answered = writer->answered()] {
    stall_timer.reset();
    if (writer->expected() == 0) return;
    if (writer->answered() == answered) {
      log::warn("store", "'" + file + "' could not be written for " + format_duration(kStall) +
                             ": " + why_stalled(file, options.vfs, locks));
    }
    look_for_stall();
  });
}

bool Store::Impl::is_alive(int64_t owner_epoch) const {
  if (owner_epoch == 0) return false;  // nobody's
  if (writer && writer->epoch() == owner_epoch) return true;
  return locks.is_held_elsewhere(owner_epoch);
}

// Runs that nobody can ring at go on all the same; they find their mail where they look for it.
void Store::Impl::open_bell() {
  if (!rung || std::exchange(bell_asked, true)) return;
  auto opened = Bell::open(
      loop, options.folder, writer->epoch(), [this](int64_t epoch) { return is_alive(epoch); },
      [this] {
        if (rung) rung();
      });
  if (opened) {
    bell = std::move(*opened);
  } else {
    log::warn("store", opened.error().message);
  }
}

// The process has an epoch once its first run is on disk.
Committed Store::Impl::with_bell(Committed committed) {
  return [this, committed = std::move(committed)](Result<void> outcome) mutable {
    if (outcome) open_bell();
    if (committed) committed(std::move(outcome));
  };
}

LiveRun Store::start_run(NewRun run, std::string entries, Committed committed) {
  const LiveRun live{++impl_->last_live};
  auto start = std::make_unique<StartRun>(StartRun{live, std::move(run), std::move(entries)});
  impl_->push({std::move(start), impl_->with_bell(std::move(committed)), nullptr}, 0);
  return live;
}

LiveRun Store::adopt_run(Adoption run, Committed committed) {
  const LiveRun live{++impl_->last_live};
  auto adopt = std::make_unique<AdoptRun>(AdoptRun{live, std::move(run)});
  impl_->push({std::move(adopt), impl_->with_bell(std::move(committed)), nullptr}, 0);
  return live;
}

void Store::append(LiveRun run, std::string entries, Committed committed) {
  const size_t bytes = entries.size();
  impl_->push({AppendEntries{run, std::move(entries)}, std::move(committed), nullptr}, bytes);
}

void Store::finish_run(LiveRun run, RunEnd end, std::string entries, Committed committed) {
  auto finish = std::make_unique<FinishRun>(FinishRun{run, std::move(end), std::move(entries)});
  impl_->push({std::move(finish), std::move(committed), nullptr}, 0);
}

void Store::park_run(LiveRun run, Parking parking, Committed committed) {
  auto park = std::make_unique<ParkRun>(ParkRun{run, std::move(parking)});
  impl_->push({std::move(park), std::move(committed), nullptr}, 0);
}

void Store::write(Job job, Committed committed) {
  impl_->push({std::move(job), std::move(committed), nullptr}, 0);
}

void Store::flush() {
  if (impl_->writer) impl_->writer->flush();
}

void Store::close() {
  if (impl_->writer) impl_->writer->close();
}

Result<Database*> Store::reader() {
  if (!impl_->reader) {
    if (impl_->spare) {
      impl_->reader = std::exchange(impl_->spare, std::nullopt);
    } else {
      Result<Database> db = Database::open(impl_->file, Database::Access::read, impl_->options.vfs);
      if (!db) return fail(db.error());
      impl_->reader = std::move(*db);
    }
    Result<void> guarded = impl_->reader->exec("PRAGMA query_only = 1");
    if (!guarded) return fail(guarded.error());
  }
  return &*impl_->reader;
}

bool Store::is_alive(int64_t owner_epoch) const { return impl_->is_alive(owner_epoch); }

void Store::on_ring(std::function<void()> rung) { impl_->rung = std::move(rung); }

bool Store::ring(int64_t owner_epoch) const {
  return Bell::ring(impl_->options.folder, owner_epoch);
}

void Store::ring_all() const { Bell::ring_all(impl_->options.folder); }

std::string Store::state_of(const RunRecord& run) const {
  if (run.state != "running") return run.state;
  if (!is_alive(run.owner)) return "interrupted";
  return run.queued ? "queued" : run.state;
}

const std::string& Store::folder() const { return impl_->options.folder; }

}  // namespace engine::store
