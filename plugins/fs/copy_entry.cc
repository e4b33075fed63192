// Copying one file, link or folder, with what belongs to it.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "plugins/fs/content.h"
#include "plugins/fs/transfer.h"

namespace engine::fs {

namespace {

constexpr int kNestingMax = 200;  // two open folders a level, about a thousand files a process

struct Job {
  int from_folder;
  const std::string& from_name;
  int to_folder;
  const std::string& to_name;
  const std::string& path;
};

void keep_owner_and_time(int fd, const Node& node) {
  // Only root may give files away; a copy by anybody else is theirs, as with cp.
  if (fchown(fd, node.user, node.group) != 0) errno = 0;
  fchmod(fd, node.mode & 07777);
  const timespec time{.tv_sec = node.modified_s, .tv_nsec = static_cast<long>(node.modified_ns)};
  const timespec times[2] = {time, time};
  futimens(fd, times);
}

// The kernel copies, or shares the blocks; where it cannot, bytes go through us.
Result<int64_t> copy_bytes(int from, int to, const std::string& path, Deadline deadline) {
  int64_t copied = 0;
  bool in_kernel = true;
  std::array<char, 65536> chunk{};
  while (std::chrono::steady_clock::now() <= deadline) {
    ssize_t count = -1;
    if (in_kernel) {
      count = copy_file_range(from, nullptr, to, nullptr, size_t{8} << 20, 0);
      // The kernel's own files have a size of 0, and it copies nothing of them.
      if (count < 0 && errno == ENOSPC) return cannot("copy", path, errno);
      if (count < 0 || (count == 0 && copied == 0)) {
        in_kernel = false;
        continue;
      }
    } else {
      count = read(from, chunk.data(), chunk.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return cannot("copy", path, errno);
      auto written = write_all(to, {chunk.data(), static_cast<size_t>(count)}, path);
      if (!written) return fail(written.error());
    }
    if (count == 0) return copied;
    copied += count;
  }
  return fail(code::kTimeout, "ran out of time while copying " + shown(path));
}

Result<int64_t> copy_file(const Job& job, Deadline deadline) {
  const Fd from(openat(job.from_folder, job.from_name.c_str(),
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!from) return cannot("read", job.path, errno);
  const auto node = look_at(from.get(), job.path);
  if (!node) return fail(node.error());
  const Fd to(
      openat(job.to_folder, job.to_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to) return cannot("copy", job.path, errno);
  auto bytes = copy_bytes(from.get(), to.get(), job.path, deadline);
  if (!bytes) return bytes;
  keep_owner_and_time(to.get(), *node);
  if (fsync(to.get()) != 0) return cannot("copy", job.path, errno);
  return bytes;
}

Result<int64_t> copy_link(const Job& job) {
  std::string target(8192, '\0');
  const ssize_t size =
      readlinkat(job.from_folder, job.from_name.c_str(), target.data(), target.size());
  if (size < 0) return cannot("read the link", job.path, errno);
  target.resize(static_cast<size_t>(size));
  if (symlinkat(target.c_str(), job.to_folder, job.to_name.c_str()) != 0) {
    return cannot("copy the link", job.path, errno);
  }
  return 0;
}

Result<int64_t> copy_folder(const Job& job, const TransferOptions& options, int depth) {
  if (depth >= kNestingMax) {
    return fail(code::kUnsupported, shown(job.path) + " is nested deeper than " +
                                        std::to_string(kNestingMax) + " folders");
  }
  const Fd from = open_folder(job.from_folder, job.from_name);
  if (!from) return cannot("read", job.path, errno);
  const auto node = look_at(from.get(), job.path);
  if (!node) return fail(node.error());
  if (mkdirat(job.to_folder, job.to_name.c_str(), 0700) != 0)
    return cannot("copy", job.path, errno);
  const Fd to = open_folder(job.to_folder, job.to_name);
  if (!to) return cannot("copy", job.path, errno);
  int64_t bytes = 0;
  for (const auto& name : names_in(from.get())) {
    const auto copied =
        copy_entry(from.get(), name, to.get(), name, job.path + "/" + name, options, depth + 1);
    if (!copied) return copied;
    bytes += *copied;
  }
  keep_owner_and_time(to.get(), *node);
  if (fsync(to.get()) != 0) return cannot("copy", job.path, errno);
  return bytes;
}

}  // namespace

Result<int64_t> copy_entry(int from_folder, const std::string& from_name, int to_folder,
                           const std::string& to_name, const std::string& path,
                           const TransferOptions& options, int depth) {
  const auto node = look(from_folder, from_name, path);
  if (!node) return fail(node.error());
  const Job job{from_folder, from_name, to_folder, to_name, path};
  if (node->is_link()) return copy_link(job);
  if (node->is_folder()) return copy_folder(job, options, depth);
  if (node->is_file()) return copy_file(job, options.deadline);
  return fail(code::kUnsupported,
              shown(path) + " is a device, pipe or socket and cannot be copied");
}

}  // namespace engine::fs
