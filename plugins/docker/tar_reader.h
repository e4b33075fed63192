// A tar archive taken apart while it comes, in pieces cut anywhere.
#pragma once

#include "engine/plugin/plugin.hpp"

namespace engine::docker {

struct TarEntry {
  std::string name, link;
  char type = '0';  // '0' file, '1' hard link, '2' link, '5' folder, ...
  uint64_t size = 0;
  unsigned mode = 0;
  int64_t mtime = 0;
};

// What becomes of it; an error ends the reading.
class TarSink {
 public:
  virtual ~TarSink() = default;
  virtual Result<void> begin(const TarEntry& entry) = 0;
  virtual Result<void> data(std::string_view bytes) = 0;
  virtual Result<void> end() = 0;
};

class TarReader {
 public:
  // FAILED for what is no tar archive.
  Result<void> feed(std::string_view piece, TarSink& sink);
  // Nothing of an entry is missing.
  bool whole() const { return held_.empty() && left_ == 0 && padding_ == 0; }

 private:
  Result<void> take_header(TarSink& sink);
  Result<void> take_meta();
  Result<void> finish_entry(TarSink& sink);

  std::string held_;  // of a header
  std::string meta_;  // a long name or extended header, being collected
  TarEntry entry_;
  std::string long_name_, long_link_;  // for the next entry
  std::optional<uint64_t> long_size_;
  char meta_type_ = 0;  // 0: the data at hand is a file's
  bool open_ = false;
  uint64_t left_ = 0;
  size_t padding_ = 0;
};

}  // namespace engine::docker
