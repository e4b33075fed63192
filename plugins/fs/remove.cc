// Looks at all that would go before anything goes.
#include "plugins/fs/remove.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "plugins/fs/content.h"

namespace engine::fs {

namespace {

std::string toll_json(bool changed, const Toll& toll) {
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("changed", changed)
      .field("entries", toll.entries)
      .field("bytes", toll.bytes)
      .end_object();
  return out;
}

Result<void> remove_content(int folder, const std::string& path, uint64_t device,
                            Deadline deadline);

Result<void> remove_entry(int folder, const std::string& name, const std::string& path,
                          uint64_t device, Deadline deadline) {
  if (std::chrono::steady_clock::now() > deadline) {
    return fail(code::kTimeout, "ran out of time while removing " + shown(path));
  }
  if (unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return cannot("remove", path, errno);
  const int unlink_errno = errno;
  const Fd inner = open_folder(folder, name);
  if (!inner) {
    if (errno == ENOENT) return {};
    return cannot("remove", path, errno == ENOTDIR ? unlink_errno : errno);
  }
  const auto node = look_at(inner.get(), path);
  if (!node) return fail(node.error());
  if (node->device != device) {
    return fail(code::kPermissionDenied, "another file system is mounted at " + shown(path));
  }
  if (auto emptied = remove_content(inner.get(), path, device, deadline); !emptied) return emptied;
  if (unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return cannot("remove", path, errno);
  }
  return {};
}

Result<void> remove_content(int folder, const std::string& path, uint64_t device,
                            Deadline deadline) {
  for (const auto& name : names_in(folder)) {
    auto removed = remove_entry(folder, name, path + "/" + name, device, deadline);
    if (!removed) return removed;
  }
  return {};
}

// Where there is nothing, there is no place either.
Result<std::optional<Place>> place_to_remove(const Guard& guard, const std::string& path) {
  auto place = open_place(path);
  if (!place) {
    if (place.error().code == code::kNotFound) return std::optional<Place>();
    return fail(place.error());
  }
  if (auto allowed = guard.may_remove(*place); !allowed) return fail(allowed.error());
  const auto node = look(*place);
  if (!node && node.error().code == code::kNotFound) return std::optional<Place>();
  if (!node) return fail(node.error());
  return std::optional(std::move(*place));
}

}  // namespace

Result<Toll> survey(const Place& place, bool recursive, Deadline deadline) {
  const auto node = look(place);
  if (!node) return fail(node.error());
  Toll toll{1, node->is_folder() ? 0 : node->size};
  if (!node->is_folder()) return toll;
  if (node->is_mount) {
    return fail(code::kPermissionDenied, "a file system is mounted at " + shown(place.path()));
  }
  const auto end = walk(place, {.deadline = deadline}, [&](const Visit& visit) -> Result<Next> {
    if (!recursive) {
      return fail(code::kConflict, shown(place.path()) + " is not empty",
                  "add recursive = true to remove all that is in it");
    }
    if (visit.node.is_mount || visit.node.device != node->device) {
      return fail(code::kPermissionDenied,
                  "a file system is mounted inside, at " + shown(visit.path));
    }
    ++toll.entries;
    if (!visit.node.is_folder()) toll.bytes += visit.node.size;
    return Next::on;
  });
  if (!end) return fail(end.error());
  return toll;
}

Result<void> remove_tree(const Place& place, Deadline deadline) {
  const auto node = look(place);
  if (!node) return fail(node.error());
  return remove_entry(place.folder.get(), place.name, place.path(), node->device, deadline);
}

Result<std::string> preview_remove(const Guard& guard, const std::string& path, bool recursive,
                                   Deadline deadline) {
  const auto place = place_to_remove(guard, path);
  if (!place) return fail(place.error());
  if (!*place) return toll_json(false, {});
  const auto toll = survey(**place, recursive, deadline);
  if (!toll) return fail(toll.error());
  return toll_json(true, *toll);
}

Result<std::string> remove_path(const Guard& guard, const std::string& path, bool recursive,
                                Deadline deadline) {
  const auto place = place_to_remove(guard, path);
  if (!place) return fail(place.error());
  if (!*place) return toll_json(false, {});
  const auto toll = survey(**place, recursive, deadline);
  if (!toll) return fail(toll.error());
  if (auto removed = remove_tree(**place, deadline); !removed) return fail(removed.error());
  sync_folder(**place);
  return toll_json(true, *toll);
}

}  // namespace engine::fs
