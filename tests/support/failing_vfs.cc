// Files are the system VFS's own; only their table of methods is swapped for one that may fail.
#include "tests/support/failing_vfs.h"

#include <sqlite3.h>

#include <map>
#include <mutex>

namespace failing_vfs {

std::atomic<Failure> failure = Failure::none;

namespace {

sqlite3_vfs* below = nullptr;
int (*plain_sync)(sqlite3_file*, int) = nullptr;
int (*plain_write)(sqlite3_file*, const void*, int, sqlite3_int64) = nullptr;
// The system's tables (one for each way of locking) and ours in their place. Never moved: open
// files point into it.
std::mutex mutex;
std::map<const sqlite3_io_methods*, sqlite3_io_methods> tables;

int sync(sqlite3_file* file, int flags) {
  if (failure == Failure::sync) return SQLITE_IOERR_FSYNC;
  return plain_sync(file, flags);
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (failure == Failure::write) return SQLITE_IOERR_WRITE;
  if (failure == Failure::full) return SQLITE_FULL;
  Failure once = Failure::full_once;
  if (failure.compare_exchange_strong(once, Failure::none)) return SQLITE_FULL;
  return plain_write(file, data, size, offset);
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  const int status = below->xOpen(below, name, file, flags, out_flags);
  if (status != SQLITE_OK || !file->pMethods) return status;
  const std::lock_guard lock(mutex);
  auto [table, fresh] = tables.try_emplace(file->pMethods, *file->pMethods);
  if (fresh) {
    plain_sync = file->pMethods->xSync;
    plain_write = file->pMethods->xWrite;
    table->second.xSync = sync;
    table->second.xWrite = write;
  }
  file->pMethods = &table->second;
  return status;
}

}  // namespace

void install() {
  static sqlite3_vfs vfs;
  if (below) return;
  below = sqlite3_vfs_find(nullptr);
  vfs = *below;
  vfs.zName = kName;
  vfs.pNext = nullptr;
  vfs.xOpen = open;
  sqlite3_vfs_register(&vfs, 0);
}

}  // namespace failing_vfs
