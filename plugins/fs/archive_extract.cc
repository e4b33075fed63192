// Takes an archive apart in a folder beside the target, then renames. No link is ever followed on
// the way, so nothing in an archive can lead outside.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "plugins/fs/archive.h"
#include "plugins/fs/archive_reader.h"
#include "plugins/fs/content.h"
#include "plugins/fs/node.h"
#include "plugins/fs/remove.h"

namespace engine::fs {

namespace {

constexpr size_t kBlock = 128 << 10;

using Parts = std::vector<std::string>;

std::unexpected<Error> refuse(const std::string& name, const std::string& why) {
  return fail(code::kPermissionDenied,
              "the archive's entry '" + shown(name) + "' " + why + "; nothing was extracted",
              "look at it with fs.archive.list, and do not trust where it comes from");
}

Result<Parts> parts_of(const std::string& name) {
  if (name.starts_with('/')) return refuse(name, "has an absolute path");
  Parts parts;
  for (const std::string_view part : split(name, '/')) {
    if (part == "..") return refuse(name, "leads out of the folder");
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  return parts;
}

// ".." is taken at the beginning alone, where it counts real folders: behind another link it could
// lead anywhere.
Result<void> check_link(const ArchiveEntry& entry, size_t depth) {
  size_t up = 0;
  bool down = false;
  bool outside = entry.link.empty() || entry.link.starts_with('/');
  for (const std::string_view part : split(entry.link, '/')) {
    if (part == "..") {
      outside = outside || down || ++up > depth;
    } else if (!part.empty() && part != ".") {
      down = true;
    }
  }
  if (outside) return refuse(entry.name, "is a link that leads out of the folder");
  return {};
}

class Unpacker {
 public:
  Unpacker(ArchiveReader& reader, int root, const UnpackOptions& options)
      : reader_(reader), root_(root), options_(options) {}

  Result<void> run() {
    while (true) {
      const auto entry = reader_.next();
      if (!entry) return fail(entry.error());
      if (!*entry) return set_folders();
      if (++entries > options_.entries_max) {
        return fail(code::kResourceExhausted,
                    "the archive has more than " + std::to_string(options_.entries_max) +
                        " entries; nothing was extracted",
                    "allow more with entries_limit");
      }
      if (auto made = make(**entry); !made) return made;
    }
  }

  int64_t entries = 0, bytes = 0;

 private:
  struct Folder {
    Parts parts;
    ArchiveEntry entry;
  };

  Result<Fd> open_folder_of(const Parts& parts, size_t count, const std::string& name);
  Result<void> make(const ArchiveEntry& entry);
  Result<void> make_file(int folder, const std::string& file, const ArchiveEntry& entry);
  Result<void> make_hard_link(int folder, const std::string& file, const ArchiveEntry& entry);
  Result<void> set_folders();

  ArchiveReader& reader_;
  int root_;
  const UnpackOptions& options_;
  std::vector<Folder> folders_;
};

// The folder of the first `count` parts, made where it is missing.
Result<Fd> Unpacker::open_folder_of(const Parts& parts, size_t count, const std::string& name) {
  Fd at(fcntl(root_, F_DUPFD_CLOEXEC, 0));
  for (size_t i = 0; i < count; ++i) {
    if (mkdirat(at.get(), parts[i].c_str(), 0755) != 0 && errno != EEXIST) {
      return cannot("extract", name, errno);
    }
    Fd next(openat(at.get(), parts[i].c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next && (errno == ELOOP || errno == ENOTDIR)) {
      return refuse(name, "leads through what is no folder");
    }
    if (!next) return cannot("extract", name, errno);
    at = std::move(next);
  }
  return at;
}

void set_time(int folder, const char* name, const ArchiveEntry& entry) {
  const timespec times[2] = {{0, UTIME_OMIT},
                             {static_cast<time_t>(entry.modified_s), entry.modified_ns}};
  // A time that the file system cannot keep is no reason to fail.
  (void)utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW);
}

Result<void> Unpacker::make(const ArchiveEntry& entry) {
  const auto parts = parts_of(entry.name);
  if (!parts) return fail(parts.error());
  const bool is_folder = entry.type == AE_IFDIR && entry.hard_link.empty();
  if (is_folder) {
    if (auto made = open_folder_of(*parts, parts->size(), entry.name); !made) {
      return fail(made.error());
    }
    if (!parts->empty()) folders_.push_back({*parts, entry});
    return {};
  }
  if (parts->empty()) return refuse(entry.name, "has no name");
  const auto folder = open_folder_of(*parts, parts->size() - 1, entry.name);
  if (!folder) return fail(folder.error());
  const std::string& file = parts->back();
  // In an archive that was added to, the last of a name is the one that counts.
  if (unlinkat(folder->get(), file.c_str(), 0) != 0 && errno != ENOENT) {
    return cannot("extract", entry.name, errno);
  }
  if (!entry.hard_link.empty()) return make_hard_link(folder->get(), file, entry);
  if (entry.type == AE_IFREG) return make_file(folder->get(), file, entry);
  if (entry.type != AE_IFLNK) return refuse(entry.name, "is a device or a pipe");
  if (auto good = check_link(entry, parts->size() - 1); !good) return good;
  if (symlinkat(entry.link.c_str(), folder->get(), file.c_str()) != 0) {
    return cannot("extract", entry.name, errno);
  }
  set_time(folder->get(), file.c_str(), entry);
  return {};
}

Result<void> Unpacker::make_file(int folder, const std::string& file, const ArchiveEntry& entry) {
  const Fd out(
      openat(folder, file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out) return cannot("extract", entry.name, errno);
  std::string block(kBlock, '\0');
  while (true) {
    const auto count = reader_.read(block.data(), block.size());
    if (!count) return fail(count.error());
    if (*count == 0) break;
    bytes += static_cast<int64_t>(*count);
    if (bytes > options_.bytes_max) {
      return fail(code::kResourceExhausted,
                  "the archive holds more than " + human_size(options_.bytes_max) +
                      "; nothing was extracted",
                  "allow more with size_limit");
    }
    auto written = write_all(out.get(), {block.data(), *count}, entry.name);
    if (!written) return written;
  }
  // Set-user-id and the like are not taken from an archive.
  if (fchmod(out.get(), entry.mode & 0777) != 0) return cannot("extract", entry.name, errno);
  set_time(folder, file.c_str(), entry);
  return {};
}

Result<void> Unpacker::make_hard_link(int folder, const std::string& file,
                                      const ArchiveEntry& entry) {
  const auto parts = parts_of(entry.hard_link);
  if (!parts) return fail(parts.error());
  if (parts->empty()) return refuse(entry.name, "is a second name of nothing");
  const auto there = open_folder_of(*parts, parts->size() - 1, entry.name);
  if (!there) return fail(there.error());
  struct stat found {};
  if (fstatat(there->get(), parts->back().c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(found.st_mode)) {
    return refuse(entry.name, "is a second name of what is no file in the archive");
  }
  if (linkat(there->get(), parts->back().c_str(), folder, file.c_str(), 0) == 0) return {};
  return cannot("extract", entry.name, errno);
}

// Last, and the deepest first: a folder may be one that nobody can write to.
Result<void> Unpacker::set_folders() {
  for (auto at = folders_.rbegin(); at != folders_.rend(); ++at) {
    const auto folder = open_folder_of(at->parts, at->parts.size(), at->entry.name);
    if (!folder) return fail(folder.error());
    if (fchmod(folder->get(), at->entry.mode & 0777) != 0) {
      return cannot("extract", at->entry.name, errno);
    }
    const timespec times[2] = {{0, UTIME_OMIT},
                               {static_cast<time_t>(at->entry.modified_s), at->entry.modified_ns}};
    (void)futimens(folder->get(), times);
  }
  return {};
}

Result<std::string> put_in_place(const Place& temporary, const Place& target,
                                 const Unpacker& unpacker) {
  // Over an empty folder a rename is allowed, over anything else it is not.
  if (renameat(temporary.folder.get(), temporary.name.c_str(), target.folder.get(),
               target.name.c_str()) != 0) {
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) {
      return cannot("write", target.path(), errno);
    }
    return fail(code::kAlreadyExists, shown(target.path()) + " is there already and not empty",
                "extract into a folder that is missing or empty");
  }
  sync_folder(target);
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("path", target.path())
      .field("entries", unpacker.entries)
      .field("bytes", unpacker.bytes)
      .end_object();
  return out;
}

}  // namespace

Result<std::string> extract_archive(const Guard& guard, const std::string& path,
                                    const std::string& into, const UnpackOptions& options) {
  auto reader = ArchiveReader::open(path, options.deadline);
  if (!reader) return fail(reader.error());
  const auto target = open_place(into);
  if (!target) return fail(target.error());
  if (auto allowed = guard.may_change(*target); !allowed) return fail(allowed.error());
  Place temporary;
  temporary.folder = Fd(fcntl(target->folder.get(), F_DUPFD_CLOEXEC, 0));
  temporary.real = target->real;
  temporary.name = temporary_name(target->name);
  if (mkdirat(temporary.folder.get(), temporary.name.c_str(), 0755) != 0) {
    return cannot("write", into, errno);
  }
  const Fd root = open_folder(temporary.folder.get(), temporary.name);
  if (!root) return cannot("write", into, errno);
  Unpacker unpacker(*reader, root.get(), options);
  const auto unpacked = unpacker.run();
  Result<std::string> answer = unpacked ? put_in_place(temporary, *target, unpacker)
                                        : Result<std::string>(fail(unpacked.error()));
  // What is left over is less bad than hiding why it failed.
  if (!answer) (void)remove_tree(temporary, Deadline::max());
  return answer;
}

}  // namespace engine::fs
