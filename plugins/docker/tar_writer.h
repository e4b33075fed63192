// A tar archive made while it is read: of bytes, of a file, or of a folder with all below it.
#pragma once

#include <filesystem>

#include "engine/plugin/plugin.hpp"

namespace engine::docker {

// Blocks, so it belongs on a worker thread. Holds no more than a piece of the archive.
class TarWriter {
 public:
  // One file of these bytes.
  TarWriter(std::string name, std::string bytes, unsigned mode);
  // What is at `path` under the name `name`; links below it are archived, not followed.
  static Result<std::unique_ptr<TarWriter>> of(const std::string& path, std::string name);
  ~TarWriter();

  // The next piece; empty at the end.
  Result<std::string> next();
  uint64_t bytes() const { return bytes_; }  // of files, without what is around them
  int64_t files() const { return files_; }

 private:
  struct Entry;
  TarWriter() = default;
  Result<void> begin(const std::string& path, const std::string& name);
  Result<void> begin_next();
  Result<void> read_file(std::string& into);

  std::string root_, name_;  // what is archived, and as what
  std::string ready_;        // made, not yet handed on
  std::filesystem::recursive_directory_iterator at_;
  int fd_ = -1;
  std::string path_;   // of the file at hand
  uint64_t left_ = 0;  // of it
  size_t padding_ = 0;
  uint64_t bytes_ = 0;
  int64_t files_ = 0;
  bool started_ = false, ended_ = false;
};

}  // namespace engine::docker
