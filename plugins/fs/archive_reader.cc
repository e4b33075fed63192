// libarchive's reader, and what is in an archive as a list.
#include "plugins/fs/archive_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "plugins/fs/archive.h"
#include "plugins/fs/node.h"

namespace engine::fs {

namespace {

constexpr size_t kBlock = 64 << 10;

// Names are bytes here. In the C locale libarchive gives those of a pax header as UTF-8 alone.
std::string text_of(const char* bytes, const char* utf8) {
  if (bytes) return bytes;
  return utf8 ? utf8 : "";
}

}  // namespace

ArchiveReader::ArchiveReader(const ArchiveLibrary& library, archive* handle, Fd file,
                             std::string path, Deadline deadline)
    : library_(library),
      handle_(handle),
      file_(std::move(file)),
      path_(std::move(path)),
      deadline_(deadline) {}

ArchiveReader::ArchiveReader(ArchiveReader&& other) noexcept
    : library_(other.library_),
      handle_(std::exchange(other.handle_, nullptr)),
      file_(std::move(other.file_)),
      path_(std::move(other.path_)),
      deadline_(other.deadline_) {}

ArchiveReader::~ArchiveReader() {
  if (handle_) library_.read_free(handle_);
}

Result<ArchiveReader> ArchiveReader::open(const std::string& path, Deadline deadline) {
  const auto library = archive_library();
  if (!library) return fail(library.error());
  auto place = open_place(path);
  if (place) place = follow(std::move(*place));
  if (!place) return fail(place.error());
  // Not blocking, for a pipe would never open.
  Fd file(openat(place->folder.get(), place->name.c_str(),
                 O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return cannot("read", path, errno);
  struct stat found {};
  if (fstat(file.get(), &found) != 0) return cannot("read", path, errno);
  if (!S_ISREG(found.st_mode)) {
    return fail(code::kInvalidArgument, shown(path) + " is no file");
  }
  const ArchiveLibrary& lib = **library;
  archive* handle = lib.read_new();
  lib.read_support_format_tar(handle);
  lib.read_support_filter_gzip(handle);
  lib.read_support_filter_bzip2(handle);
  lib.read_support_filter_xz(handle);
  lib.read_support_filter_zstd(handle);
  const int fd = file.get();
  ArchiveReader reader(lib, handle, std::move(file), path, deadline);
  if (lib.read_open_fd(handle, fd, kBlock) < ARCHIVE_WARN) return reader.damaged();
  return reader;
}

std::unexpected<Error> ArchiveReader::damaged() const {
  const char* detail = library_.error_string(handle_);
  return fail(code::kFailed, shown(path_) + " is damaged or no tar archive: " +
                                 shown(detail ? detail : "no reason given"));
}

Result<void> ArchiveReader::in_time() const {
  if (std::chrono::steady_clock::now() < deadline_) return {};
  return fail(code::kTimeout, "the archive " + shown(path_) + " takes longer than the call may");
}

Result<std::optional<ArchiveEntry>> ArchiveReader::next() {
  if (auto good = in_time(); !good) return fail(good.error());
  archive_entry* entry = nullptr;
  const int status = library_.read_next_header(handle_, &entry);
  if (status == ARCHIVE_EOF) return std::nullopt;
  if (status < ARCHIVE_WARN) return damaged();
  const ArchiveLibrary& lib = library_;
  ArchiveEntry found;
  found.name = text_of(lib.entry_pathname(entry), lib.entry_pathname_utf8(entry));
  found.type = lib.entry_filetype(entry);
  found.mode = lib.entry_perm(entry);
  found.size = lib.entry_size(entry);
  found.modified_s = lib.entry_mtime(entry);
  found.modified_ns = lib.entry_mtime_nsec(entry);
  if (found.type == AE_IFLNK) {
    found.link = text_of(lib.entry_symlink(entry), lib.entry_symlink_utf8(entry));
  }
  found.hard_link = text_of(lib.entry_hardlink(entry), lib.entry_hardlink_utf8(entry));
  return found;
}

Result<size_t> ArchiveReader::read(char* into, size_t size) {
  if (auto good = in_time(); !good) return fail(good.error());
  const la_ssize_t count = library_.read_data(handle_, into, size);
  if (count < 0) return damaged();
  return static_cast<size_t>(count);
}

Result<std::string> list_archive(const std::string& path, int64_t limit, Deadline deadline) {
  auto reader = ArchiveReader::open(path, deadline);
  if (!reader) return fail(reader.error());
  std::string out;
  JsonWriter json(out);
  int64_t count = 0, bytes = 0;
  bool truncated = false;
  json.begin_object().key("entries").begin_array();
  while (true) {
    const auto entry = reader->next();
    if (!entry) return fail(entry.error());
    if (!*entry) break;
    if (count == limit) {
      truncated = true;
      break;
    }
    const ArchiveEntry& found = **entry;
    const bool second = !found.hard_link.empty();
    Node node;
    node.mode = found.type;
    json.begin_object().field("name", found.name);
    json.field("type", second ? "file" : type_of(node)).field("size", found.size);
    json.field("modified_at", format_time_utc(found.modified_s * 1000));
    json.field("mode", mode_text(found.mode));
    if (second || !found.link.empty()) json.field("target", second ? found.hard_link : found.link);
    json.end_object();
    ++count;
    bytes += found.size;
  }
  json.end_array().field("count", count).field("bytes", bytes);
  json.field("truncated", truncated).end_object();
  return out;
}

}  // namespace engine::fs
