// Reads mountinfo and asks each file system how full it is.
#include "plugins/host/disks.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

namespace engine::host {

namespace {

// mountinfo writes blanks, tabs, line ends and backslashes as three octal digits.
std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octal = text.substr(i + 1, 3);
    const auto is_digit = [](char c) { return c >= '0' && c <= '7'; };
    if (text[i] == '\\' && octal.size() == 3 && std::ranges::all_of(octal, is_digit)) {
      plain += static_cast<char>((octal[0] - '0') * 64 + (octal[1] - '0') * 8 + (octal[2] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool is_real(const Mount& mount) {
  static constexpr std::array<std::string_view, 12> kNetworkOrPool = {
      "nfs",      "nfs4", "cifs",     "smb3", "zfs",        "btrfs",
      "bcachefs", "9p",   "virtiofs", "ceph", "fuse.sshfs", "fuse.glusterfs"};
  static constexpr std::array<std::string_view, 4> kImages = {"squashfs", "iso9660", "erofs",
                                                              "udf"};
  if (std::ranges::find(kImages, mount.type) != kImages.end()) return false;
  if (std::ranges::find(kNetworkOrPool, mount.type) != kNetworkOrPool.end()) return true;
  // The root of a container is an overlay, and of a live system a tmpfs.
  return mount.device.starts_with("/dev/") || mount.mount == "/";
}

}  // namespace

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
  std::map<std::string, Mount> by_folder;
  for (const auto line : lines(mountinfo)) {
    const auto parts = words(line);
    const auto dash = std::ranges::find(parts, "-");
    if (parts.size() < 6 || parts.end() - dash < 3) continue;
    Mount mount{.mount = unescape(parts[4]),
                .root = unescape(parts[3]),
                .type = std::string(dash[1]),
                .device = unescape(dash[2]),
                .number = std::string(parts[2])};
    mount.read_only = parts[5] == "ro" || parts[5].starts_with("ro,");
    by_folder.insert_or_assign(mount.mount, mount);
  }
  std::vector<Mount> mounts;
  for (auto& [folder, mount] : by_folder) mounts.push_back(std::move(mount));
  return mounts;
}

std::vector<Mount> real_mounts(std::vector<Mount> mounts) {
  std::erase_if(mounts, [](const Mount& mount) { return !is_real(mount); });
  std::map<std::string, Mount> chosen;
  const auto rank = [](const Mount& mount) {
    return std::pair(mount.root != "/", mount.mount.size());
  };
  for (auto& mount : mounts) {
    const auto [at, is_new] = chosen.try_emplace(mount.number, mount);
    if (!is_new && rank(mount) < rank(at->second)) at->second = mount;
  }
  std::vector<Mount> real;
  for (auto& [device, mount] : chosen) real.push_back(std::move(mount));
  std::ranges::sort(real, {}, &Mount::mount);
  return real;
}

Disk measure(Mount mount) {
  Disk disk{.at = std::move(mount)};
  struct statvfs figures {};
  if (statvfs(disk.at.mount.c_str(), &figures) != 0) {
    disk.error = std::strerror(errno);
    return disk;
  }
  disk.size = figures.f_blocks * figures.f_frsize;
  disk.used = (figures.f_blocks - std::min(figures.f_bfree, figures.f_blocks)) * figures.f_frsize;
  disk.available = figures.f_bavail * figures.f_frsize;
  disk.inodes = figures.f_files;
  disk.inodes_free = figures.f_ffree;
  return disk;
}

Result<std::vector<Disk>> read_disks(const std::string& proc, bool all) {
  const auto text = read_text(proc + "/self/mountinfo");
  if (!text) return fail(text.error());
  auto mounts = parse_mounts(*text);
  if (!all) mounts = real_mounts(std::move(mounts));
  std::vector<Disk> disks;
  for (auto& mount : mounts) disks.push_back(measure(std::move(mount)));
  return disks;
}

Result<Disk> disk_below(const std::string& proc, const std::string& path) {
  if (!path.starts_with('/')) {
    return fail(code::kInvalidArgument, "'" + path + "' is no absolute path");
  }
  const auto text = read_text(proc + "/self/mountinfo");
  if (!text) return fail(text.error());
  std::error_code problem;
  std::string real = std::filesystem::weakly_canonical(path, problem);
  if (problem) real = path;
  std::optional<Mount> found;
  for (auto& mount : parse_mounts(*text)) {
    const std::string folder = mount.mount == "/" ? "/" : mount.mount + "/";
    if (!(real + "/").starts_with(folder)) continue;
    if (!found || mount.mount.size() > found->mount.size()) found = std::move(mount);
  }
  if (!found) return fail(code::kNotFound, "no file system has '" + path + "' on it");
  return measure(std::move(*found));
}

std::string disk_json(const Disk& disk) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("mount", disk.at.mount)
      .field("device", disk.at.device)
      .field("type", disk.at.type)
      .field("read_only", disk.at.read_only);
  if (!disk.error.empty()) {
    json.field("error", disk.error).end_object();
    return out;
  }
  const uint64_t inodes_used = disk.inodes - std::min(disk.inodes_free, disk.inodes);
  const auto used = static_cast<double>(disk.used);
  // As df reckons it: blocks kept for root count as neither used nor available.
  json.field("size_bytes", static_cast<int64_t>(disk.size))
      .field("used_bytes", static_cast<int64_t>(disk.used))
      .field("available_bytes", static_cast<int64_t>(disk.available))
      .field("used_percent", percent(used, used + static_cast<double>(disk.available)));
  json.key("inodes")
      .begin_object()
      .field("total", static_cast<int64_t>(disk.inodes))
      .field("used", static_cast<int64_t>(inodes_used))
      .field("available", static_cast<int64_t>(disk.inodes_free))
      .field("used_percent",
             percent(static_cast<double>(inodes_used), static_cast<double>(disk.inodes)))
      .end_object();
  json.end_object();
  return out;
}

}  // namespace engine::host
