// libarchive, loaded when the first archive is touched: linking it would cost every start 2 ms.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "engine/plugin/plugin.hpp"

namespace engine::fs {

struct ArchiveLibrary {
  decltype(&archive_error_string) error_string;
  decltype(&archive_read_new) read_new;
  decltype(&archive_read_free) read_free;
  decltype(&archive_read_support_format_tar) read_support_format_tar;
  decltype(&archive_read_support_filter_gzip) read_support_filter_gzip;
  decltype(&archive_read_support_filter_bzip2) read_support_filter_bzip2;
  decltype(&archive_read_support_filter_xz) read_support_filter_xz;
  decltype(&archive_read_support_filter_zstd) read_support_filter_zstd;
  decltype(&archive_read_open_fd) read_open_fd;
  decltype(&archive_read_next_header) read_next_header;
  decltype(&archive_read_data) read_data;
  decltype(&archive_write_new) write_new;
  decltype(&archive_write_free) write_free;
  decltype(&archive_write_close) write_close;
  decltype(&archive_write_set_format_gnutar) write_set_format_gnutar;
  decltype(&archive_write_add_filter_gzip) write_add_filter_gzip;
  decltype(&archive_write_open_fd) write_open_fd;
  decltype(&archive_write_header) write_header;
  decltype(&archive_write_data) write_data;
  decltype(&archive_write_finish_entry) write_finish_entry;
  decltype(&archive_entry_new) entry_new;
  decltype(&archive_entry_free) entry_free;
  decltype(&archive_entry_pathname) entry_pathname;
  decltype(&archive_entry_pathname_utf8) entry_pathname_utf8;
  decltype(&archive_entry_hardlink) entry_hardlink;
  decltype(&archive_entry_hardlink_utf8) entry_hardlink_utf8;
  decltype(&archive_entry_symlink) entry_symlink;
  decltype(&archive_entry_symlink_utf8) entry_symlink_utf8;
  decltype(&archive_entry_filetype) entry_filetype;
  decltype(&archive_entry_perm) entry_perm;
  decltype(&archive_entry_size) entry_size;
  decltype(&archive_entry_mtime) entry_mtime;
  decltype(&archive_entry_mtime_nsec) entry_mtime_nsec;
  decltype(&archive_entry_copy_pathname) entry_copy_pathname;
  decltype(&archive_entry_copy_symlink) entry_copy_symlink;
  decltype(&archive_entry_set_filetype) entry_set_filetype;
  decltype(&archive_entry_set_perm) entry_set_perm;
  decltype(&archive_entry_set_size) entry_set_size;
  decltype(&archive_entry_set_mtime) entry_set_mtime;
  decltype(&archive_entry_set_uid) entry_set_uid;
  decltype(&archive_entry_set_gid) entry_set_gid;
};

// Loaded once for the process and never unloaded. UNSUPPORTED where the library is not installed.
Result<const ArchiveLibrary*> archive_library();

}  // namespace engine::fs
