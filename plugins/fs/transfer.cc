// A transfer is a rename, or a copy beside the target and then a rename.
#include "plugins/fs/transfer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "plugins/fs/content.h"
#include "plugins/fs/remove.h"

namespace engine::fs {

namespace {

struct Ends {
  Place from, to;
  Node source;
};

std::string moved_json(const Place& to, int64_t bytes) {
  std::string out;
  JsonWriter(out).begin_object().field("path", to.path()).field("bytes", bytes).end_object();
  return out;
}

std::unexpected<Error> taken(const Place& to, bool is_folder) {
  if (is_folder) {
    return fail(code::kAlreadyExists, shown(to.path()) + " is a directory",
                "name the target in full, with the last part");
  }
  return fail(code::kAlreadyExists, shown(to.path()) + " is there already",
              "add overwrite = true to replace it");
}

Result<Ends> open_ends(const Guard& guard, const std::string& from, const std::string& to,
                       bool follow_link, const TransferOptions& options) {
  auto source = open_place(from);
  if (source && follow_link) source = follow(std::move(*source));
  if (!source) return fail(source.error());
  auto target = open_place(to);
  if (!target) return fail(target.error());
  if (auto allowed = guard.may_change(*target); !allowed) return fail(allowed.error());
  const auto node = look(*source);
  if (!node) return fail(node.error());
  if (source->path() == target->path() || is_below(target->path(), source->path())) {
    return fail(code::kInvalidArgument,
                shown(target->path()) + " is inside " + shown(source->path()) + " or the same");
  }
  const auto old = look(*target);
  if (!old && old.error().code != code::kNotFound) return fail(old.error());
  if (old && (old->is_folder() || !options.overwrite || node->is_folder())) {
    return taken(*target, old->is_folder());
  }
  return Ends{std::move(*source), std::move(*target), *node};
}

// Copies beside the target, then renames.
Result<int64_t> copy_into_place(const Ends& ends, const TransferOptions& options) {
  Place temporary;
  temporary.folder = Fd(fcntl(ends.to.folder.get(), F_DUPFD_CLOEXEC, 0));
  temporary.real = ends.to.real;
  temporary.name = temporary_name(ends.to.name);
  const int folder = ends.to.folder.get();
  auto bytes = copy_entry(ends.from.folder.get(), ends.from.name, folder, temporary.name,
                          ends.from.path(), options);
  if (bytes) {
    const int problem = rename_into(folder, temporary.name, ends.to, options.overwrite);
    if (problem == EEXIST) bytes = taken(ends.to, false);
    if (problem != 0 && problem != EEXIST) bytes = cannot("write", ends.to.path(), problem);
  }
  if (!bytes) {
    // What is left over is less bad than hiding why it failed.
    (void)remove_tree(temporary, Deadline::max());
    return bytes;
  }
  sync_folder(ends.to);
  return bytes;
}

Result<Node> node_at(const std::string& path) {
  const auto place = open_place(path);
  if (!place) return fail(place.error());
  return look(*place);
}

bool is_missing(const Result<Node>& node) { return !node && node.error().code == code::kNotFound; }

std::string done_json(const std::string& to, int64_t bytes) {
  std::string result;
  JsonWriter(result).begin_object().field("path", to).field("bytes", bytes).end_object();
  std::string out;
  JsonWriter(out).begin_object().field("done", true).field_raw("result", result).end_object();
  return out;
}

}  // namespace

int rename_into(int from_folder, const std::string& from, const Place& to, bool overwrite) {
  const int folder = to.folder.get();
  if (!overwrite) {
    if (renameat2(from_folder, from.c_str(), folder, to.name.c_str(), RENAME_NOREPLACE) == 0)
      return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
  }
  return renameat(from_folder, from.c_str(), folder, to.name.c_str()) == 0 ? 0 : errno;
}

Result<std::string> copy_path(const Guard& guard, const std::string& from, const std::string& to,
                              const TransferOptions& options) {
  auto ends = open_ends(guard, from, to, true, options);
  if (!ends) return fail(ends.error());
  if (ends->source.is_folder() && !options.recursive) {
    return fail(code::kInvalidArgument, shown(from) + " is a directory",
                "add recursive = true to copy all that is in it");
  }
  const auto bytes = copy_into_place(*ends, options);
  if (!bytes) return fail(bytes.error());
  return moved_json(ends->to, *bytes);
}

Result<std::string> move_path(const Guard& guard, const std::string& from, const std::string& to,
                              const TransferOptions& options) {
  auto ends = open_ends(guard, from, to, false, options);
  if (!ends) return fail(ends.error());
  if (auto allowed = guard.may_remove(ends->from); !allowed) return fail(allowed.error());
  const int problem =
      rename_into(ends->from.folder.get(), ends->from.name, ends->to, options.overwrite);
  if (problem == EEXIST) return taken(ends->to, false);
  if (problem != 0 && problem != EXDEV) return cannot("move", ends->from.path(), problem);
  int64_t bytes = ends->source.is_folder() ? 0 : ends->source.size;
  if (problem == EXDEV) {
    const auto toll = survey(ends->from, true, options.deadline);
    if (!toll) return fail(toll.error());
    const auto copied = copy_into_place(*ends, options);
    if (!copied) return fail(copied.error());
    bytes = *copied;
    if (auto removed = remove_tree(ends->from, options.deadline); !removed) {
      removed.error().message = "copied, but then " + removed.error().message;
      return fail(removed.error());
    }
  }
  sync_folder(ends->from);
  sync_folder(ends->to);
  return moved_json(ends->to, bytes);
}

std::string probe_copy(const std::string& from, const std::string& to) {
  const auto source = node_at(from), target = node_at(to);
  if (is_missing(target)) return R"({"done":false})";
  // A copy keeps the time to the nanosecond, and is there whole or not at all.
  if (source && target && source->is_file() && target->is_file() && source->size == target->size &&
      source->modified_s == target->modified_s && source->modified_ns == target->modified_ns) {
    return done_json(to, target->size);
  }
  return "{}";
}

std::string probe_move(const std::string& from, const std::string& to) {
  const auto source = node_at(from), target = node_at(to);
  if (source && is_missing(target)) return R"({"done":false})";
  if (is_missing(source) && target) return done_json(to, target->is_folder() ? 0 : target->size);
  return "{}";
}

}  // namespace engine::fs
