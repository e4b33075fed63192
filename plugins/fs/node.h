// What the file system says about one entry, and how we show it.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/fs/place.h"

namespace engine::fs {

struct Node {
  unsigned mode = 0, user = 0, group = 0, links = 0;
  int64_t size = 0, disk_bytes = 0;
  int64_t modified_s = 0;
  uint32_t modified_ns = 0;
  uint64_t inode = 0, device = 0;
  bool is_mount = false;

  bool is_folder() const { return S_ISDIR(mode); }
  bool is_file() const { return S_ISREG(mode); }
  bool is_link() const { return S_ISLNK(mode); }
  int64_t modified_ms() const { return modified_s * 1000 + modified_ns / 1'000'000; }
};

// The entry itself, not what a link points to. `path` is for the message.
Result<Node> look(int folder, const std::string& name, std::string_view path);
inline Result<Node> look(const Place& place) {
  return look(place.folder.get(), place.name, place.path());
}
Result<Node> look_at(int fd, std::string_view path);

const char* type_of(const Node& node);  // file, directory, link, other
// {"name","path","type","size","modified_at","age_ms","mode"}; the caller opens and closes the
// object.
void append_entry(JsonWriter& json, std::string_view name, std::string_view path, const Node& node,
                  int64_t now_ms);
std::string mode_text(unsigned mode);  // "0644"
// "0644", "644" -> 0644.
Result<unsigned> parse_mode(const std::string& text);

}  // namespace engine::fs
