// Every folder on the way is opened by itself and never through a link.
#include "plugins/docker/unpacking.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace engine::docker {

namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Error escaping(const std::string& name) {
  return Error(code::kFailed, "the archive's entry '" + shortened(name, 100) +
                                  "' would lie outside the folder that it is unpacked into");
}

Result<std::vector<std::string>> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  if (name.starts_with('/') || name.find('\0') != name.npos) return fail(escaping(name));
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(escaping(name));
    parts.emplace_back(part);
  }
  return parts;
}

// The folder that holds the last part, made where it is missing; the caller closes it.
Result<int> open_parent(int root, const std::vector<std::string>& parts, const std::string& name) {
  int folder = fcntl(root, F_DUPFD_CLOEXEC, 0);
  for (size_t i = 0; i + 1 < parts.size() && folder >= 0; ++i) {
    const char* const part = parts[i].c_str();
    int next = openat(folder, part, kFolder | O_NOFOLLOW);
    if (next < 0 && errno == ENOENT && mkdirat(folder, part, 0755) == 0) {
      next = openat(folder, part, kFolder | O_NOFOLLOW);
    }
    const int problem = errno;
    close(folder);
    if (next < 0 && (problem == ELOOP || problem == ENOTDIR)) return fail(escaping(name));
    if (next < 0) return fail(errno_error(problem, "cannot open a folder for '" + name + "'"));
    folder = next;
  }
  return folder;
}

}  // namespace

Unpacking::~Unpacking() {
  if (file_ >= 0) {
    close(file_);
    unlinkat(file_folder_, temporary_.c_str(), 0);
  }
  if (file_folder_ >= 0) close(file_folder_);
  if (root_ >= 0) close(root_);
}

Result<void> Unpacking::open_file(int folder, const std::string& name, const TarEntry& entry) {
  file_name_ = name;
  temporary_ = ".engine-" + new_run_id();
  file_folder_ = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  file_ = openat(folder, temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file_ < 0) return fail(errno_error(errno, "cannot write " + to_));
  file_mode_ = entry.mode & 0777;
  file_mtime_ = entry.mtime;
  return {};
}

// The first entry says whether it is a file or a folder.
Result<void> Unpacking::begin_root(const TarEntry& entry) {
  const auto parts = parts_of(entry.name);
  if (!parts) return fail(parts.error());
  if (entry.type == '5') {
    root_name_ = parts->empty() ? std::string() : parts->front();
    if (mkdir(to_.c_str(), 0755) != 0 && errno != EEXIST) {
      return fail(errno_error(errno, "cannot make the folder " + to_));
    }
    root_ = open(to_.c_str(), kFolder);
    if (root_ < 0) return fail(errno_error(errno, "cannot open the folder " + to_));
    return {};
  }
  if (entry.type != '0' && entry.type != '7') {
    return fail(code::kInvalidArgument, "'" + entry.name + "' is neither a file nor a folder");
  }
  if (parts->size() != 1) return fail(escaping(entry.name));
  if (std::filesystem::is_directory(to_)) to_ += "/" + parts->front();
  const std::filesystem::path target(to_);
  const int folder = open(target.parent_path().c_str(), kFolder);
  if (folder < 0) return fail(errno_error(errno, "cannot open " + target.parent_path().string()));
  Result<void> opened = open_file(folder, target.filename(), entry);
  close(folder);
  return opened;
}

Result<void> Unpacking::link_hard(int folder, const std::string& name, const TarEntry& entry) {
  auto target = parts_of(entry.link);
  if (!target) return fail(target.error());
  if (!root_name_.empty()) {
    if (target->empty() || target->front() != root_name_) return fail(escaping(entry.link));
    target->erase(target->begin());
  }
  if (target->empty()) return fail(escaping(entry.link));
  const auto parent = open_parent(root_, *target, entry.link);
  if (!parent) return fail(parent.error());
  unlinkat(folder, name.c_str(), 0);
  const int linked = linkat(*parent, target->back().c_str(), folder, name.c_str(), 0);
  const int problem = errno;
  close(*parent);
  if (linked != 0) return fail(errno_error(problem, "cannot link '" + entry.name + "'"));
  ++files_;
  return {};
}

Result<void> Unpacking::begin_below(const TarEntry& entry, const std::vector<std::string>& parts) {
  const auto parent = open_parent(root_, parts, entry.name);
  if (!parent) return fail(parent.error());
  const std::string& name = parts.back();
  Result<void> made;
  if (entry.type == '5') {
    const bool there = mkdirat(*parent, name.c_str(), 0755) != 0 && errno == EEXIST;
    struct stat seen {};
    if (there && (fstatat(*parent, name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0 ||
                  !S_ISDIR(seen.st_mode))) {
      made = fail(code::kConflict, "'" + entry.name + "' is there already and is no folder");
    }
  } else if (entry.type == '2') {
    unlinkat(*parent, name.c_str(), 0);
    if (symlinkat(entry.link.c_str(), *parent, name.c_str()) != 0) {
      made = fail(errno_error(errno, "cannot make the link '" + entry.name + "'"));
    }
  } else if (entry.type == '1') {
    made = link_hard(*parent, name, entry);
  } else if (entry.type == '0' || entry.type == '7') {
    made = open_file(*parent, name, entry);
  } else {
    ++skipped_;
  }
  close(*parent);
  return made;
}

Result<void> Unpacking::begin(const TarEntry& entry) {
  if (bytes_ + entry.size > bytes_max_) {
    return fail(code::kResourceExhausted,
                "there is more than " + human_size(static_cast<int64_t>(bytes_max_)) + " to copy",
                "allow more with size_limit");
  }
  if (root_ < 0 && files_ > 0) return fail(escaping(entry.name));
  if (root_ < 0) return begin_root(entry);
  auto parts = parts_of(entry.name);
  if (!parts) return fail(parts.error());
  if (!root_name_.empty()) {
    if (parts->empty() || parts->front() != root_name_) return fail(escaping(entry.name));
    parts->erase(parts->begin());
  }
  return parts->empty() ? Result<void>() : begin_below(entry, *parts);
}

Result<void> Unpacking::data(std::string_view bytes) {
  bytes_ += bytes.size();
  while (!bytes.empty() && file_ >= 0) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0) return fail(errno_error(errno, "cannot write " + to_));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<void> Unpacking::end() {
  if (file_ < 0) return {};
  fchmod(file_, file_mode_);
  const timespec times[2] = {{file_mtime_, 0}, {file_mtime_, 0}};
  futimens(file_, times);
  const bool closed = close(std::exchange(file_, -1)) == 0;
  const bool moved =
      closed && renameat(file_folder_, temporary_.c_str(), file_folder_, file_name_.c_str()) == 0;
  const int problem = errno;
  if (!moved) unlinkat(file_folder_, temporary_.c_str(), 0);
  close(std::exchange(file_folder_, -1));
  if (!moved) return fail(errno_error(problem, "cannot write " + file_name_));
  ++files_;
  return {};
}

}  // namespace engine::docker
