// dlopen and dlsym, with words for a machine without libarchive.
#include "plugins/fs/archive_library.h"

#include "engine/plugin/symbols.hpp"

namespace engine::fs {

namespace {

Result<const ArchiveLibrary*> load() {
  static ArchiveLibrary lib{};
  void* library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    return fail(code::kUnsupported, "libarchive is not installed, which archives need",
                "install the package libarchive13");
  }
  Symbols symbols(library);
  symbols.find(lib.error_string, "archive_error_string");
  symbols.find(lib.read_new, "archive_read_new");
  symbols.find(lib.read_free, "archive_read_free");
  symbols.find(lib.read_support_format_tar, "archive_read_support_format_tar");
  symbols.find(lib.read_support_filter_gzip, "archive_read_support_filter_gzip");
  symbols.find(lib.read_support_filter_bzip2, "archive_read_support_filter_bzip2");
  symbols.find(lib.read_support_filter_xz, "archive_read_support_filter_xz");
  symbols.find(lib.read_support_filter_zstd, "archive_read_support_filter_zstd");
  symbols.find(lib.read_open_fd, "archive_read_open_fd");
  symbols.find(lib.read_next_header, "archive_read_next_header");
  symbols.find(lib.read_data, "archive_read_data");
  symbols.find(lib.write_new, "archive_write_new");
  symbols.find(lib.write_free, "archive_write_free");
  symbols.find(lib.write_close, "archive_write_close");
  symbols.find(lib.write_set_format_gnutar, "archive_write_set_format_gnutar");
  symbols.find(lib.write_add_filter_gzip, "archive_write_add_filter_gzip");
  symbols.find(lib.write_open_fd, "archive_write_open_fd");
  symbols.find(lib.write_header, "archive_write_header");
  symbols.find(lib.write_data, "archive_write_data");
  symbols.find(lib.write_finish_entry, "archive_write_finish_entry");
  symbols.find(lib.entry_new, "archive_entry_new");
  symbols.find(lib.entry_free, "archive_entry_free");
  symbols.find(lib.entry_pathname, "archive_entry_pathname");
  symbols.find(lib.entry_pathname_utf8, "archive_entry_pathname_utf8");
  symbols.find(lib.entry_hardlink, "archive_entry_hardlink");
  symbols.find(lib.entry_hardlink_utf8, "archive_entry_hardlink_utf8");
  symbols.find(lib.entry_symlink, "archive_entry_symlink");
  symbols.find(lib.entry_symlink_utf8, "archive_entry_symlink_utf8");
  symbols.find(lib.entry_filetype, "archive_entry_filetype");
  symbols.find(lib.entry_perm, "archive_entry_perm");
  symbols.find(lib.entry_size, "archive_entry_size");
  symbols.find(lib.entry_mtime, "archive_entry_mtime");
  symbols.find(lib.entry_mtime_nsec, "archive_entry_mtime_nsec");
  symbols.find(lib.entry_copy_pathname, "archive_entry_copy_pathname");
  symbols.find(lib.entry_copy_symlink, "archive_entry_copy_symlink");
  symbols.find(lib.entry_set_filetype, "archive_entry_set_filetype");
  symbols.find(lib.entry_set_perm, "archive_entry_set_perm");
  symbols.find(lib.entry_set_size, "archive_entry_set_size");
  symbols.find(lib.entry_set_mtime, "archive_entry_set_mtime");
  symbols.find(lib.entry_set_uid, "archive_entry_set_uid");
  symbols.find(lib.entry_set_gid, "archive_entry_set_gid");
  if (symbols.missing().empty()) return &lib;
  return fail(code::kUnsupported, "the installed libarchive lacks " + symbols.missing(),
              "install the package libarchive13 of Debian 12 or later");
}

}  // namespace

Result<const ArchiveLibrary*> archive_library() {
  static const Result<const ArchiveLibrary*> loaded = load();
  return loaded;
}

}  // namespace engine::fs
