// The roots that the operator set, and what nobody may remove.
#include "plugins/fs/guard.h"

#include <algorithm>
#include <array>

namespace engine::fs {

namespace {

// Kept themselves; what is in them may go.
constexpr std::array kKept = {"/",        "/bin",       "/boot",    "/dev",       "/etc",
                              "/home",    "/lib",       "/lib32",   "/lib64",     "/libx32",
                              "/media",   "/mnt",       "/opt",     "/proc",      "/root",
                              "/run",     "/sbin",      "/srv",     "/sys",       "/tmp",
                              "/usr",     "/usr/local", "/var",     "/var/cache", "/var/lib",
                              "/var/log", "/var/mail",  "/var/run", "/var/spool", "/var/tmp"};

// Kept with all that is in them: the system's own programs, and the kernel's own files.
constexpr std::array kSealed = {"/bin",       "/boot",        "/dev",      "/lib",
                                "/lib32",     "/lib64",       "/proc",     "/sbin",
                                "/sys",       "/usr/bin",     "/usr/lib",  "/usr/lib32",
                                "/usr/lib64", "/usr/libexec", "/usr/sbin", "/usr/share"};

std::string plain(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::vector<std::string> home_folders(const std::string& passwd) {
  std::vector<std::string> homes;
  const auto text = read_file(passwd, 16 << 20);
  if (!text) return homes;
  for (const auto line : split(*text, '\n')) {
    const auto parts = split(line, ':');
    if (parts.size() >= 6 && parts[5].starts_with('/'))
      homes.push_back(plain(std::string(parts[5])));
  }
  return homes;
}

std::unexpected<Error> refuse(const std::string& path, const std::string& why) {
  return fail(code::kPermissionDenied, "will not remove " + shown(path) + ": " + why);
}

}  // namespace

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.size() > 1;
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

Guard::Guard(const std::vector<std::string>& roots, const std::string& passwd) {
  for (const auto& root : roots) {
    auto place = open_place(root);
    if (place) place = follow(std::move(*place));
    roots_.push_back(place ? place->path() : plain(root));
  }
  kept_.assign(kKept.begin(), kKept.end());
  for (auto& home : home_folders(passwd)) kept_.push_back(std::move(home));
}

Result<void> Guard::may_change(const Place& place) const {
  const std::string path = place.path();
  const auto holds = [&](const std::string& root) { return is_below(path, root); };
  if (std::ranges::any_of(roots_, holds)) return {};
  std::string all;
  for (const auto& root : roots_) all += (all.empty() ? "" : ", ") + root;
  return fail(code::kPermissionDenied, shown(path) + " is outside the folders that may be changed",
              "the operator allows: " + shown(all) + " (fs.roots in the configuration)");
}

Result<void> Guard::may_remove(const Place& place) const {
  const std::string path = place.path();
  for (const auto& root : roots_) {
    if (path == root) return refuse(path, "it is a root that the operator set");
    if (is_below(root, path))
      return refuse(path, shown(root) + " is inside, a root of the operator");
  }
  for (const auto& kept : kept_) {
    if (path == kept) return refuse(path, "the system or a user lives in it");
    if (is_below(kept, path)) return refuse(path, shown(kept) + " is inside");
  }
  for (const char* sealed : kSealed) {
    if (is_below(path, sealed)) return refuse(path, std::string(sealed) + " belongs to the system");
  }
  return may_change(place);
}

}  // namespace engine::fs
