// Copies beside the target, then renames.
#include "plugins/sqlite/backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace engine::sqlite_plugin {

namespace {

// 0 or an errno. The kernel checks that nothing is there; where the file system cannot, a link
// does.
int put_in_place(const std::string& from, const std::string& to, bool overwrite) {
  if (overwrite) return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(from.c_str(), to.c_str()) != 0) return errno;
  unlink(from.c_str());
  return 0;
}

void sync_path(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

std::unexpected<Error> taken(const std::string& to) {
  return fail(code::kAlreadyExists, "'" + to + "' is there already",
              "add overwrite = true to replace it");
}

bool same_file(const std::string& one, const std::string& other) {
  struct stat first {
  }, second{};
  return stat(one.c_str(), &first) == 0 && stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

Result<std::string> back_up(plugin::ForeignDatabase& database, const std::string& path,
                            const std::string& to, bool overwrite) {
  const size_t slash = to.rfind('/');
  if (slash != 0 && (slash == std::string::npos || !to.starts_with('/'))) {
    return fail(code::kInvalidArgument, "'" + to + "' is no absolute path");
  }
  if (same_file(path, to)) {
    return fail(code::kInvalidArgument, "'" + to + "' is the database itself",
                "who has it open would go on writing to what was replaced");
  }
  if (!overwrite && access(to.c_str(), F_OK) == 0) return taken(to);
  const std::string beside =
      to.substr(0, slash + 1) + "." + to.substr(slash + 1) + "." + new_run_id() + ".tmp";
  Result<void> copied = database.copy_to(beside);
  struct stat made {};
  if (copied) {
    stat(beside.c_str(), &made);
    sync_path(beside, 0);
    const int problem = put_in_place(beside, to, overwrite);
    if (problem == EEXIST) copied = taken(to);
    if (problem != 0 && problem != EEXIST)
      copied = fail(errno_error(problem, "cannot write " + to));
  }
  if (!copied) {
    unlink(beside.c_str());
    unlink((beside + "-journal").c_str());
    return fail(copied.error());
  }
  sync_path(to.substr(0, std::max<size_t>(slash, 1)), O_DIRECTORY);
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("path", to)
      .field("bytes", static_cast<int64_t>(made.st_size))
      .end_object();
  return out;
}

}  // namespace engine::sqlite_plugin
