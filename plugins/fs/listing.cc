// Folds over a walk: list, find, disk_usage.
#include "plugins/fs/listing.h"

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

namespace engine::fs {

namespace {

struct Usage {
  int64_t disk_bytes = 0, apparent_bytes = 0, files = 0, folders = 0;

  void add(const Node& node, bool counted_before) {
    if (node.is_folder()) {
      ++folders;
    } else {
      ++files;
    }
    if (counted_before) return;
    disk_bytes += node.disk_bytes;
    if (!node.is_folder()) apparent_bytes += node.size;
  }
};

void append_usage(JsonWriter& json, const Usage& usage) {
  json.field("disk_bytes", usage.disk_bytes)
      .field("apparent_bytes", usage.apparent_bytes)
      .field("files", usage.files)
      .field("directories", usage.folders);
}

// The part of a path that stands directly under `root`.
std::string child_of(const std::string& path, const std::string& root) {
  const size_t start = root == "/" ? 1 : root.size() + 1;
  return path.substr(start, path.find('/', start) - start);
}

std::string link_target(const Place& place) {
  char target[8192];
  const ssize_t size = readlinkat(place.folder.get(), place.name.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<size_t>(size)) : std::string();
}

}  // namespace

Result<std::string> stat_entry(const std::string& path, bool follow_links, int64_t now_ms) {
  auto place = open_place(path);
  if (place && follow_links) place = follow(std::move(*place));
  if (!place) return fail(place.error());
  const auto node = look(*place);
  if (!node) return fail(node.error());
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  append_entry(json, place->name == "." ? "/" : place->name, place->path(), *node, now_ms);
  json.field("user_id", static_cast<int64_t>(node->user))
      .field("group_id", static_cast<int64_t>(node->group))
      .field("links", static_cast<int64_t>(node->links))
      .field("inode", static_cast<int64_t>(node->inode))
      .field("disk_bytes", node->disk_bytes);
  if (node->is_link()) json.field("target", link_target(*place));
  json.end_object();
  return out;
}

Result<std::string> list_folder(const std::string& path, int64_t limit, int64_t now_ms) {
  auto place = open_place(path);
  if (place) place = follow(std::move(*place));
  if (!place) return fail(place.error());
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  int64_t count = 0;
  const auto end = walk(*place, {.depth_max = 1}, [&](const Visit& visit) -> Result<Next> {
    if (++count > limit) {
      return fail(code::kResourceExhausted,
                  shown(path) + " has more than " + std::to_string(limit) + " entries",
                  "raise `limit`, or search with fs.find");
    }
    json.begin_object();
    append_entry(json, visit.name, visit.path, visit.node, now_ms);
    json.end_object();
    return Next::on;
  });
  if (!end) return fail(end.error());
  json.end_array();
  return out;
}

bool matches(const FindQuery& query, const std::string& name, const Node& node, int64_t now_ms) {
  if (query.type != "any" && query.type != type_of(node)) return false;
  if (!query.name.empty() && fnmatch(query.name.c_str(), name.c_str(), 0) != 0) return false;
  const int64_t age = now_ms - node.modified_ms();
  if (query.older_ms && age < *query.older_ms) return false;
  if (query.newer_ms && age > *query.newer_ms) return false;
  if ((query.larger || query.smaller) && node.is_folder()) return false;
  if (query.larger && node.size < *query.larger) return false;
  return !query.smaller || node.size <= *query.smaller;
}

Result<std::string> find_entries(const std::string& path, const FindQuery& query, int64_t now_ms) {
  auto place = open_place(path);
  if (place) place = follow(std::move(*place));
  if (!place) return fail(place.error());
  std::string entries;
  JsonWriter list(entries);
  list.begin_array();
  int64_t count = 0, bytes = 0;
  const auto end = walk(*place, query.walk, [&](const Visit& visit) -> Result<Next> {
    if (!matches(query, visit.name, visit.node, now_ms)) return Next::on;
    if (count == query.limit) return Next::stop;
    ++count;
    if (!visit.node.is_folder()) bytes += visit.node.size;
    list.begin_object();
    append_entry(list, visit.name, visit.path, visit.node, now_ms);
    list.end_object();
    return Next::on;
  });
  if (!end) return fail(end.error());
  list.end_array();
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field_raw("entries", entries)
      .field("count", count)
      .field("bytes", bytes)
      .field("truncated", end->stopped)
      .field("unreadable", end->unreadable)
      .end_object();
  return out;
}

Result<std::string> disk_usage(const std::string& path, const UsageOptions& options) {
  auto place = open_place(path);
  if (place) place = follow(std::move(*place));
  if (!place) return fail(place.error());
  const auto root = look(*place);
  if (!root) return fail(root.error());
  Usage all;
  all.add(*root, false);
  std::map<std::string, Usage> children;
  std::set<std::pair<uint64_t, uint64_t>> linked;  // files with several names count once
  WalkEnd ended;
  if (root->is_folder()) {
    const auto end = walk(*place, options.walk, [&](const Visit& visit) -> Result<Next> {
      if (all.files + all.folders > options.limit) return Next::stop;
      const bool foreign = visit.node.device != root->device || visit.node.is_mount;
      if (foreign && !options.walk.cross_devices) return Next::skip;
      const bool known = !visit.node.is_folder() && visit.node.links > 1 &&
                         !linked.emplace(visit.node.device, visit.node.inode).second;
      all.add(visit.node, known);
      children[child_of(visit.path, place->path())].add(visit.node, known);
      return Next::on;
    });
    if (!end) return fail(end.error());
    ended = *end;
  }
  std::vector<std::pair<std::string, Usage>> largest(children.begin(), children.end());
  std::ranges::stable_sort(largest, std::greater<>(),
                           [](const auto& each) { return each.second.disk_bytes; });
  if (std::ssize(largest) > options.top) largest.resize(static_cast<size_t>(options.top));
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("path", place->path());
  append_usage(json, all);
  json.field("truncated", ended.stopped).field("unreadable", ended.unreadable);
  json.key("largest").begin_array();
  for (const auto& [name, usage] : largest) {
    json.begin_object().field("name", name);
    append_usage(json, usage);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace engine::fs
