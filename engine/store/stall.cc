// The kernel does not tell whose a lock is, but the store tells which processes carry runs, and a
// process that was stopped (Ctrl-Z, SIGSTOP) shows it.
#include "engine/store/stall.h"

#include <fstream>
#include <vector>

#include "engine/store/database.h"

namespace engine::store {
namespace {

bool is_stopped(int64_t pid) {
  std::string stat;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/stat"), stat);
  const size_t name_end = stat.rfind(')');  // the name may hold anything
  return name_end != std::string::npos && stat.substr(name_end).starts_with(") T");
}

Result<std::vector<int64_t>> stopped_owners(const std::string& file, const std::string& vfs,
                                            const LockFile& locks) {
  Result<Database> db = Database::open(file, Database::Access::read, vfs);
  if (!db) return fail(db.error());
  Result<Statement> query = db->prepare("SELECT epoch, pid FROM owner ORDER BY epoch");
  if (!query) return fail(query.error());
  std::vector<int64_t> pids;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return pids;
    const int64_t pid = query->integer(1);
    if (locks.is_held_elsewhere(query->integer(0)) && is_stopped(pid)) pids.push_back(pid);
  }
}

}  // namespace

std::string why_stalled(const std::string& file, const std::string& vfs, const LockFile& locks) {
  if (!locks.turn_is_held_elsewhere()) return "the disk has not answered yet";
  const Result<std::vector<int64_t>> stopped = stopped_owners(file, vfs, locks);
  if (!stopped || stopped->empty()) return "another process is writing and does not end";
  std::string words;
  for (const int64_t pid : *stopped) {
    const std::string id = std::to_string(pid);
    if (!words.empty()) words += ", ";
    words += "process " + id + " was stopped (Ctrl-Z, SIGSTOP) and may be in the middle of a " +
             "write: `kill -CONT " + id + "` lets it go on";
  }
  return words;
}

}  // namespace engine::store
