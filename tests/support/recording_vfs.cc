// Files are the system VFS's own; only their table of methods is swapped for one that takes notes.
#include "tests/support/recording_vfs.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <utility>

namespace recording_vfs {

namespace {

struct Known {
  std::string name;
  const sqlite3_io_methods* plain;
};

sqlite3_vfs* below = nullptr;
std::mutex mutex;
// The system's tables (one for each way of locking) and ours in their place. Never moved: open
// files point into it.
std::map<const sqlite3_io_methods*, sqlite3_io_methods> tables;
std::map<sqlite3_file*, Known> files;
std::vector<Write> writes;

std::string name_of(const char* path) { return std::filesystem::path(path).filename().string(); }

Known known(sqlite3_file* file) {
  const std::lock_guard lock(mutex);
  return files.at(file);
}

void note(Write write) {
  const std::lock_guard lock(mutex);
  writes.push_back(std::move(write));
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const Known at = known(file);
  const int status = at.plain->xWrite(file, data, size, offset);
  if (status == SQLITE_OK)
    note({Write::Kind::write, at.name, offset, {static_cast<const char*>(data), size_t(size)}});
  return status;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const Known at = known(file);
  const int status = at.plain->xTruncate(file, size);
  if (status == SQLITE_OK) note({Write::Kind::truncate, at.name, size, {}});
  return status;
}

int close(sqlite3_file* file) {
  const Known at = known(file);
  {
    const std::lock_guard lock(mutex);
    files.erase(file);
  }
  return at.plain->xClose(file);
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  const int status = below->xOpen(below, name, file, flags, out_flags);
  if (status != SQLITE_OK || !file->pMethods || !name) return status;
  const std::lock_guard lock(mutex);
  auto [table, fresh] = tables.try_emplace(file->pMethods, *file->pMethods);
  if (fresh) {
    table->second.xWrite = write;
    table->second.xTruncate = truncate;
    table->second.xClose = close;
  }
  files[file] = {name_of(name), file->pMethods};
  file->pMethods = &table->second;
  return status;
}

int remove(sqlite3_vfs*, const char* name, int sync) {
  const int status = below->xDelete(below, name, sync);
  if (status == SQLITE_OK) note({Write::Kind::remove, name_of(name), 0, {}});
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
  vfs.xDelete = remove;
  sqlite3_vfs_register(&vfs, 0);
}

std::vector<Write> take() {
  const std::lock_guard lock(mutex);
  return std::exchange(writes, {});
}

void apply(const Write& write, const std::string& folder) {
  const std::string path = folder + "/" + write.file;
  if (write.kind == Write::Kind::remove) {
    std::filesystem::remove(path);
    return;
  }
  std::ofstream(path, std::ios::app);  // makes it where it is missing
  if (write.kind == Write::Kind::truncate) {
    std::filesystem::resize_file(path, static_cast<uintmax_t>(write.offset));
    return;
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(write.offset);
  file.write(write.data.data(), static_cast<std::streamsize>(write.data.size()));
}

}  // namespace recording_vfs
