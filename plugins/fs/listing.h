// Looking around: one entry, a folder, a search, and how much a tree takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/fs/walk.h"

namespace engine::fs {

Result<std::string> stat_entry(const std::string& path, bool follow_links, int64_t now_ms);

// RESOURCE_EXHAUSTED when there are more than `limit`: half a list would pass for a whole one.
Result<std::string> list_folder(const std::string& path, int64_t limit, int64_t now_ms);

struct FindQuery {
  std::string name;                           // a glob; empty: any
  std::string type = "any";                   // file, directory, link, other
  std::optional<int64_t> older_ms, newer_ms;  // since it was last modified
  std::optional<int64_t> larger, smaller;     // bytes
  int64_t limit = 1000;
  WalkOptions walk;
};
bool matches(const FindQuery& query, const std::string& name, const Node& node, int64_t now_ms);
Result<std::string> find_entries(const std::string& path, const FindQuery& query, int64_t now_ms);

struct UsageOptions {
  int64_t top = 10;
  int64_t limit = 5'000'000;  // entries looked at
  WalkOptions walk;
};
Result<std::string> disk_usage(const std::string& path, const UsageOptions& options);

}  // namespace engine::fs
