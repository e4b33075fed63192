// Goes through an archive entry by entry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/fs/archive_library.h"
#include "plugins/fs/place.h"
#include "plugins/fs/walk.h"

namespace engine::fs {

struct ArchiveEntry {
  std::string name;
  unsigned type = 0;  // as in st_mode; a hard link is no type of its own
  unsigned mode = 0;  // permission bits
  int64_t size = 0;
  int64_t modified_s = 0, modified_ns = 0;
  std::string link;       // where a symbolic link points to
  std::string hard_link;  // the earlier entry that it is a second name of
};

class ArchiveReader {
 public:
  static Result<ArchiveReader> open(const std::string& path, Deadline deadline);
  ArchiveReader(ArchiveReader&& other) noexcept;
  ArchiveReader& operator=(ArchiveReader&&) = delete;
  ~ArchiveReader();

  // Nothing at the end.
  Result<std::optional<ArchiveEntry>> next();
  // Of the entry at hand: how many bytes were put into `into`, 0 at its end.
  Result<size_t> read(char* into, size_t size);

 private:
  ArchiveReader(const ArchiveLibrary& library, archive* handle, Fd file, std::string path,
                Deadline deadline);
  std::unexpected<Error> damaged() const;
  Result<void> in_time() const;

  const ArchiveLibrary& library_;
  archive* handle_;
  Fd file_;
  std::string path_;
  Deadline deadline_;
};

}  // namespace engine::fs
