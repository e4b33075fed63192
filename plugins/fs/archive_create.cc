// Packs a tree beside the target, then renames.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "plugins/fs/archive.h"
#include "plugins/fs/archive_library.h"
#include "plugins/fs/content.h"
#include "plugins/fs/node.h"
#include "plugins/fs/transfer.h"

namespace engine::fs {

namespace {

constexpr size_t kBlock = 64 << 10;

class Packer {
 public:
  Packer(const ArchiveLibrary& library, int fd, const std::string& into, bool compress)
      : library_(library), handle_(library.write_new()), into_(into) {
    // Names stay the bytes that they are, which the pax format would translate.
    library_.write_set_format_gnutar(handle_);
    if (compress) library_.write_add_filter_gzip(handle_);
    opened_ = library_.write_open_fd(handle_, fd) >= ARCHIVE_WARN;
  }
  ~Packer() { library_.write_free(handle_); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  // `name` is what it is called in the archive, `path` where it is now.
  Result<void> add(int folder, const std::string& file, const std::string& name,
                   const std::string& path, const Node& node);
  Result<void> close() {
    if (!opened_ || library_.write_close(handle_) < ARCHIVE_WARN) return failed();
    return {};
  }

  int64_t entries = 0, bytes = 0, skipped = 0;

 private:
  Result<void> add_content(int fd, const std::string& path, int64_t size);
  std::unexpected<Error> failed() const {
    const char* detail = library_.error_string(handle_);
    return fail(code::kFailed, "cannot write the archive " + shown(into_) + ": " +
                                   shown(detail ? detail : "no reason given"));
  }

  const ArchiveLibrary& library_;
  archive* handle_;
  std::string into_;
  bool opened_ = false;
};

Result<void> Packer::add(int folder, const std::string& file, const std::string& name,
                         const std::string& path, const Node& node) {
  if (!node.is_file() && !node.is_folder() && !node.is_link()) {
    ++skipped;  // a socket, pipe or device means nothing elsewhere
    return {};
  }
  Fd content;
  if (node.is_file()) {
    content = Fd(openat(folder, file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!content) return cannot("read", path, errno);
  }
  const std::unique_ptr<archive_entry, decltype(library_.entry_free)> entry(library_.entry_new(),
                                                                            library_.entry_free);
  library_.entry_copy_pathname(entry.get(), name.c_str());
  library_.entry_set_filetype(entry.get(), node.mode & S_IFMT);
  library_.entry_set_perm(entry.get(), node.mode & 07777);
  library_.entry_set_uid(entry.get(), node.user);
  library_.entry_set_gid(entry.get(), node.group);
  library_.entry_set_mtime(entry.get(), node.modified_s, static_cast<long>(node.modified_ns));
  library_.entry_set_size(entry.get(), node.is_file() ? node.size : 0);
  if (node.is_link()) {
    char target[4096];
    const ssize_t size = readlinkat(folder, file.c_str(), target, sizeof target);
    if (size < 0) return cannot("read", path, errno);
    library_.entry_copy_symlink(entry.get(),
                                std::string(target, static_cast<size_t>(size)).c_str());
  }
  if (!opened_ || library_.write_header(handle_, entry.get()) < ARCHIVE_WARN) return failed();
  if (node.is_file()) {
    if (auto added = add_content(content.get(), path, node.size); !added) return added;
  }
  if (library_.write_finish_entry(handle_) < ARCHIVE_WARN) return failed();
  ++entries;
  return {};
}

// What a file gains meanwhile is left out, what it loses is filled with zeros: the header has the
// size that it had.
Result<void> Packer::add_content(int fd, const std::string& path, int64_t size) {
  std::string block(kBlock, '\0');
  for (int64_t left = size; left > 0;) {
    const auto wanted = static_cast<size_t>(std::min<int64_t>(left, kBlock));
    const ssize_t count = ::read(fd, block.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("read", path, errno);
    if (count == 0) break;
    if (library_.write_data(handle_, block.data(), static_cast<size_t>(count)) < 0) return failed();
    left -= count;
    bytes += count;
  }
  return {};
}

Result<void> pack(Packer& packer, Place& source, const Node& node, Deadline deadline,
                  uint64_t own_device, uint64_t own_inode) {
  const std::string top = source.name;
  const std::string path = source.path();
  if (auto added = packer.add(source.folder.get(), top, top, path, node); !added) return added;
  if (!node.is_folder()) return packer.close();
  WalkOptions options;
  options.cross_devices = true;
  options.deadline = deadline;
  const auto walked = walk(source, options, [&](const Visit& visit) -> Result<Next> {
    if (visit.node.device == own_device && visit.node.inode == own_inode) return Next::on;
    const std::string name = top + visit.path.substr(path.size());
    auto added = packer.add(visit.folder, visit.name, name, visit.path, visit.node);
    if (!added) return fail(added.error());
    return Next::on;
  });
  if (!walked) return fail(walked.error());
  if (walked->unreadable > 0) {
    return fail(code::kPermissionDenied,
                std::to_string(walked->unreadable) + " folders in " + shown(path) +
                    " cannot be read, and an archive without them would not be whole");
  }
  return packer.close();
}

Result<std::string> finish(const Place& target, const std::string& temporary, Fd file,
                           const Packer& packer, bool overwrite) {
  struct stat made {};
  if (fsync(file.get()) != 0 || fstat(file.get(), &made) != 0) {
    return cannot("write", target.path(), errno);
  }
  const int problem = rename_into(target.folder.get(), temporary, target, overwrite);
  if (problem == EEXIST) {
    return fail(code::kAlreadyExists, shown(target.path()) + " is there already",
                "add overwrite = true to replace it");
  }
  if (problem != 0) return cannot("write", target.path(), problem);
  sync_folder(target);
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("path", target.path())
      .field("entries", packer.entries)
      .field("bytes", packer.bytes)
      .field("size", static_cast<int64_t>(made.st_size))
      .field("skipped", packer.skipped)
      .end_object();
  return out;
}

}  // namespace

Result<std::string> create_archive(const Guard& guard, const std::string& path,
                                   const std::string& into, const PackOptions& options) {
  const auto library = archive_library();
  if (!library) return fail(library.error());
  auto source = open_place(path);
  if (source) source = follow(std::move(*source));
  if (!source) return fail(source.error());
  const auto node = look(*source);
  if (!node) return fail(node.error());
  const auto target = open_place(into);
  if (!target) return fail(target.error());
  if (auto allowed = guard.may_change(*target); !allowed) return fail(allowed.error());
  if (const auto old = look(*target); old && (old->is_folder() || !options.overwrite)) {
    return fail(
        code::kAlreadyExists, shown(into) + " is there already",
        old->is_folder() ? "name the archive in full" : "add overwrite = true to replace it");
  }
  const std::string temporary = temporary_name(target->name);
  Fd file(openat(target->folder.get(), temporary.c_str(),
                 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file) return cannot("write", into, errno);
  Result<std::string> answer = fail(code::kInternal, "the archive was not written");
  {
    struct stat own {};
    fstat(file.get(), &own);
    Packer packer(**library, file.get(), into, !into.ends_with(".tar"));
    const auto packed = pack(packer, *source, *node, options.deadline, own.st_dev, own.st_ino);
    answer = packed ? finish(*target, temporary, std::move(file), packer, options.overwrite)
                    : fail(packed.error());
  }
  if (!answer) unlinkat(target->folder.get(), temporary.c_str(), 0);
  return answer;
}

}  // namespace engine::fs
