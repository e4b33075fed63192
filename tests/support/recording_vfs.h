// A disk that keeps a record of what is written to it, so that a test can build what was there
// behind any write: an SQLite VFS over the system's own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace recording_vfs {

inline constexpr const char* kName = "recording";

struct Write {
  enum class Kind { write, truncate, remove } kind = Kind::write;
  std::string file;    // its name without its folder
  int64_t offset = 0;  // or its new size
  std::string data;
};

// Registers the VFS once.
void install();
// What has been written since the last call, in order; while nobody writes.
std::vector<Write> take();
// Does it to the files of that folder.
void apply(const Write& write, const std::string& folder);

}  // namespace recording_vfs
