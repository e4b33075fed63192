// Files as a whole: every write is synced before it is reported.
#include "plugins/fs/content.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "plugins/fs/node.h"

namespace engine::fs {

namespace {

// NONBLOCK: opening a pipe that nobody writes to would wait for ever.
constexpr int kOpenFlags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

std::unexpected<Error> not_a_file(const Node& node, const std::string& path) {
  const char* what = node.is_folder() ? " is a directory" : " is not a regular file";
  return fail(code::kInvalidArgument, shown(path) + what);
}

Result<std::string> read_part(int fd, const ReadOptions& options, const std::string& path) {
  std::string data;
  const auto wanted =
      static_cast<size_t>(options.limit) + 1;  // one more tells whether there is more
  while (data.size() < wanted) {
    const size_t had = data.size();
    data.resize(std::min(wanted, had + (256 << 10)));
    const ssize_t count =
        pread(fd, data.data() + had, data.size() - had, options.offset + static_cast<int64_t>(had));
    const int read_errno = errno;
    data.resize(had + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) break;
    if (count < 0 && read_errno != EINTR) return cannot("read", path, read_errno);
  }
  return data;
}

// Where a change of the file at `path` really goes: behind a link if it is one.
Result<Place> target_place(const Guard& guard, const std::string& path, bool parents) {
  if (parents) {
    const auto slash = path.rfind('/');
    if (slash != std::string::npos && slash > 0) {
      auto made = make_folder(guard, path.substr(0, slash), true, 0755);
      if (!made) return fail(made.error());
    }
  }
  auto place = open_place(path);
  if (place) place = follow(std::move(*place));
  if (!place) return place;
  if (auto allowed = guard.may_change(*place); !allowed) return fail(allowed.error());
  return place;
}

// The old file, if there is one; INVALID_ARGUMENT when it is something else than a file.
Result<std::optional<Node>> old_file(const Place& place) {
  const auto node = look(place);
  if (!node && node.error().code == code::kNotFound) return std::optional<Node>();
  if (!node) return fail(node.error());
  if (!node->is_file()) return not_a_file(*node, place.path());
  return std::optional(*node);
}

Result<void> fill(const Fd& file, std::string_view data, const std::optional<Node>& old,
                  const WriteOptions& options, const std::string& path) {
  if (auto written = write_all(file.get(), data, path); !written) return written;
  // Only root may give files away; for everybody else the new file is theirs, as with any editor.
  if (old && fchown(file.get(), old->user, old->group) != 0 && errno != EPERM) {
    return cannot("set the owner of", path, errno);
  }
  const unsigned mode = options.mode.value_or(old ? old->mode & 07777 : 0644);
  if (fchmod(file.get(), mode) != 0) return cannot("set the mode of", path, errno);
  if (fsync(file.get()) != 0) return cannot("write", path, errno);
  return {};
}

std::string written_json(int64_t size, bool created) {
  std::string out;
  JsonWriter(out).begin_object().field("size", size).field("created", created).end_object();
  return out;
}

}  // namespace

Result<std::string> read_content(const std::string& path, const ReadOptions& options) {
  auto place = open_place(path);
  if (place) place = follow(std::move(*place));
  if (!place) return fail(place.error());
  const Fd file(openat(place->folder.get(), place->name.c_str(), O_RDONLY | kOpenFlags));
  if (!file) return cannot("read", path, errno);
  const auto node = look_at(file.get(), path);
  if (!node) return fail(node.error());
  if (!node->is_file()) return not_a_file(*node, path);
  auto data = read_part(file.get(), options, path);
  if (!data) return data;
  const bool truncated = data->size() > static_cast<size_t>(options.limit);
  if (truncated) data->resize(static_cast<size_t>(options.limit));
  // The kernel's own files say 0.
  const int64_t size = std::max(node->size, truncated ? 0 : static_cast<int64_t>(data->size()));
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("data", *data).field("size", size).field("truncated", truncated);
  json.end_object();
  return out;
}

Result<std::string> write_content(const Guard& guard, const std::string& path,
                                  std::string_view data, const WriteOptions& options) {
  auto place = target_place(guard, path, options.parents);
  if (!place) return fail(place.error());
  const auto old = old_file(*place);
  if (!old) return fail(old.error());
  const std::string temporary = temporary_name(place->name);
  const int folder = place->folder.get();
  const Fd file(openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | kOpenFlags, 0600));
  if (!file) return cannot("write", path, errno);
  auto filled = fill(file, data, *old, options, path);
  if (filled && renameat(folder, temporary.c_str(), folder, place->name.c_str()) != 0) {
    filled = cannot("write", path, errno);
  }
  if (!filled) {
    unlinkat(folder, temporary.c_str(), 0);
    return fail(filled.error());
  }
  sync_folder(*place);
  return written_json(static_cast<int64_t>(data.size()), !old->has_value());
}

Result<std::string> preview_write(const Guard& guard, const std::string& path,
                                  std::string_view data, const WriteOptions& options) {
  auto place = target_place(guard, path, false);
  // With `parents` the folder may well be missing until then.
  if (!place && !(options.parents && place.error().code == code::kNotFound)) {
    return fail(place.error());
  }
  std::optional<Node> old;
  if (place) {
    const auto found = old_file(*place);
    if (!found) return fail(found.error());
    old = *found;
  }
  return written_json(static_cast<int64_t>(data.size()), !old.has_value());
}

Result<std::string> append_content(const Guard& guard, const std::string& path,
                                   std::string_view data, const WriteOptions& options) {
  auto place = target_place(guard, path, options.parents);
  if (!place) return fail(place.error());
  const auto old = old_file(*place);
  if (!old) return fail(old.error());
  const Fd file(openat(place->folder.get(), place->name.c_str(),
                       O_WRONLY | O_APPEND | O_CREAT | kOpenFlags, options.mode.value_or(0644)));
  if (!file) return cannot("append to", path, errno);
  const auto before = look_at(file.get(), path);
  if (!before) return fail(before.error());
  if (!before->is_file()) return not_a_file(*before, path);
  if (auto written = write_all(file.get(), data, path); !written) {
    // Half a line would be worse than none.
    if (ftruncate(file.get(), before->size) != 0) written.error().outcome_unknown = true;
    return fail(written.error());
  }
  if (fsync(file.get()) != 0) return cannot("append to", path, errno);
  if (!*old) sync_folder(*place);
  return written_json(before->size + static_cast<int64_t>(data.size()), !old->has_value());
}

Result<std::string> make_folder(const Guard& guard, const std::string& path, bool parents,
                                unsigned mode) {
  auto place = open_place(path);
  if (!place && parents && place.error().code == code::kNotFound) {
    std::string plain = path;
    while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
    auto above =
        make_folder(guard, plain.substr(0, std::max<size_t>(plain.rfind('/'), 1)), true, mode);
    if (!above) return above;
    place = open_place(path);
  }
  if (!place) return fail(place.error());
  auto there = follow(std::move(*place));
  if (!there) return fail(there.error());
  const auto node = look(*there);
  if (node && node->is_folder()) return R"({"created":false})";
  if (node) return fail(code::kAlreadyExists, shown(path) + " is there and is not a directory");
  if (auto allowed = guard.may_change(*there); !allowed) return fail(allowed.error());
  const int folder = there->folder.get();
  if (mkdirat(folder, there->name.c_str(), 0700) != 0) {
    // Somebody made it meanwhile: all the same.
    if (errno == EEXIST) return R"({"created":false})";
    return cannot("make the directory", path, errno);
  }
  if (fchmodat(folder, there->name.c_str(), mode, 0) != 0)
    return cannot("set the mode of", path, errno);
  sync_folder(*there);
  return R"({"created":true})";
}

std::string temporary_name(const std::string& name) {
  unsigned char bytes[6];
  random_bytes(bytes, sizeof bytes);
  std::string random;
  for (const unsigned char byte : bytes) {
    random += "0123456789abcdef"[byte >> 4];
    random += "0123456789abcdef"[byte & 15];
  }
  return "." + name.substr(0, 200) + "." + random;  // 255 bytes is the most that a name may have
}

Result<void> write_all(int fd, std::string_view data, std::string_view path) {
  while (!data.empty()) {
    const ssize_t count = write(fd, data.data(), data.size());
    if (count > 0) {
      data.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return cannot("write", path, errno);
    }
  }
  return {};
}

void sync_folder(const Place& place) {
  const Fd folder(openat(place.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) fsync(folder.get());
}

}  // namespace engine::fs
