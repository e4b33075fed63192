// What is in files: reading, writing as a whole, adding at the end; and making folders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/fs/guard.h"

namespace engine::fs {

struct ReadOptions {
  int64_t offset = 0;
  int64_t limit = 1 << 20;
};
Result<std::string> read_content(const std::string& path, const ReadOptions& options);

struct WriteOptions {
  std::optional<unsigned> mode;  // empty: the old file's, 0644 for a new one
  bool parents = false;
};
// All or nothing: a sibling is written, synced, and renamed over the file.
Result<std::string> write_content(const Guard& guard, const std::string& path,
                                  std::string_view data, const WriteOptions& options);
Result<std::string> preview_write(const Guard& guard, const std::string& path,
                                  std::string_view data, const WriteOptions& options);
Result<std::string> append_content(const Guard& guard, const std::string& path,
                                   std::string_view data, const WriteOptions& options);

// {"created": bool}; a folder that is there is left as it is.
Result<std::string> make_folder(const Guard& guard, const std::string& path, bool parents,
                                unsigned mode);

// Helpers that copying needs too.
std::string temporary_name(const std::string& name);
Result<void> write_all(int fd, std::string_view data, std::string_view path);
// Makes renames within the folder last.
void sync_folder(const Place& place);

}  // namespace engine::fs
