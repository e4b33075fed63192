// What comes out of a container, put on this machine: nothing of it can lie outside the place that
// it was meant for.
#pragma once

#include "plugins/docker/tar_reader.h"

namespace engine::docker {

// Blocks, so it belongs on a worker thread. A folder that is not whole stays as it is; a file
// appears when it is whole.
class Unpacking final : public TarSink {
 public:
  // `to` is an absolute path: a file's for a file, a folder's for a folder; an existing folder
  // takes a file under its own name.
  Unpacking(std::string to, uint64_t bytes_max) : to_(std::move(to)), bytes_max_(bytes_max) {}
  ~Unpacking() override;

  Result<void> begin(const TarEntry& entry) override;
  Result<void> data(std::string_view bytes) override;
  Result<void> end() override;

  int64_t files() const { return files_; }
  int64_t skipped() const { return skipped_; }  // devices, pipes
  uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return to_; }

 private:
  Result<void> begin_root(const TarEntry& entry);
  Result<void> begin_below(const TarEntry& entry, const std::vector<std::string>& parts);
  Result<void> open_file(int folder, const std::string& name, const TarEntry& entry);
  Result<void> link_hard(int folder, const std::string& name, const TarEntry& entry);

  std::string to_;
  uint64_t bytes_max_;
  std::string root_name_;  // the archive's first part: every other entry is below it
  int root_ = -1;          // the folder, where it is one
  int file_ = -1, file_folder_ = -1;
  std::string file_name_, temporary_;
  unsigned file_mode_ = 0;
  int64_t file_mtime_ = 0;
  int64_t files_ = 0, skipped_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace engine::docker
