// A disk that fails on demand: an SQLite VFS over the system's own.
#pragma once

#include <atomic>

namespace failing_vfs {

inline constexpr const char* kName = "failing";

enum class Failure { none, sync, write, full, full_once };
extern std::atomic<Failure> failure;

// Registers the VFS once; set `failure` from any thread.
void install();

}  // namespace failing_vfs
