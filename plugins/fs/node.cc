// Asks statx, and writes entries.
#include "plugins/fs/node.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <charconv>

namespace engine::fs {

namespace {

Result<Node> ask(int folder, const char* name, int flags, std::string_view path) {
  struct statx found {};
  if (statx(folder, name, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &found) != 0) {
    return cannot("look at", path, errno);
  }
  return Node{.mode = found.stx_mode,
              .user = found.stx_uid,
              .group = found.stx_gid,
              .links = found.stx_nlink,
              .size = static_cast<int64_t>(found.stx_size),
              .disk_bytes = static_cast<int64_t>(found.stx_blocks) * 512,
              .modified_s = found.stx_mtime.tv_sec,
              .modified_ns = found.stx_mtime.tv_nsec,
              .inode = found.stx_ino,
              .device = makedev(found.stx_dev_major, found.stx_dev_minor),
              .is_mount = (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0};
}

}  // namespace

Result<Node> look(int folder, const std::string& name, std::string_view path) {
  return ask(folder, name.c_str(), AT_SYMLINK_NOFOLLOW, path);
}

Result<Node> look_at(int fd, std::string_view path) { return ask(fd, "", AT_EMPTY_PATH, path); }

const char* type_of(const Node& node) {
  if (node.is_file()) return "file";
  if (node.is_folder()) return "directory";
  return node.is_link() ? "link" : "other";
}

void append_entry(JsonWriter& json, std::string_view name, std::string_view path, const Node& node,
                  int64_t now_ms) {
  json.field("name", name)
      .field("path", path)
      .field("type", type_of(node))
      .field("size", node.size)
      .field("modified_at", format_time_utc(node.modified_ms()))
      .field("age_ms", now_ms - node.modified_ms())
      .field("mode", mode_text(node.mode));
}

std::string mode_text(unsigned mode) {
  std::string text = "0000";
  for (int i = 3; i >= 0; --i, mode >>= 3)
    text[static_cast<size_t>(i)] = static_cast<char>('0' + (mode & 7));
  return text;
}

Result<unsigned> parse_mode(const std::string& text) {
  unsigned mode = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (problem != std::errc() || end != text.data() + text.size() || mode > 07777) {
    return fail(code::kInvalidArgument, "'" + shown(text) + "' is not a file mode",
                "write octal digits, as chmod takes them: \"0644\"");
  }
  return mode;
}

}  // namespace engine::fs
