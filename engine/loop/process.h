// Child processes: started without copying the engine's memory, ended with everything they started.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/loop/loop.h"

namespace engine {

struct ProcessOptions {
  std::vector<std::string> argv;
  std::vector<std::string> env;  // NAME=value, the whole environment
  std::string cwd;               // empty: ours
  std::string user;              // empty: ours; needs root
  std::optional<std::string> input;
  size_t output_bytes_max = 1 << 20;  // kept of each stream; the rest is read and counted
  Millis kill_after{5000};            // from SIGTERM to SIGKILL of the whole tree
  // Names the one program for ever, so that it is known by that name to a later engine too. Empty:
  // it has none.
  std::string key;
};

struct ProcessExit {
  int status = 0;  // exit status, or -1 when ended by a signal
  int signal = 0;
  std::string out, err;
  uint64_t out_bytes = 0, err_bytes = 0;  // all that was written, kept or not
  // Descendants that outlived the process and were ended with it.
  int survivors_killed = 0;
};

struct ProcessIdentity {
  int pid = 0;
  uint64_t start_time =
      0;  // field 22 of /proc/PID/stat: with the pid it names one process for ever
};

// Over once the program has exited, its streams are at their end and none of its descendants lives.
// What it leaves behind may write for a moment longer (a quarter of a second), then it is ended
// too. Destroying it sends SIGTERM to the whole tree (children that changed their session too),
// SIGKILL after `kill_after`; reaping goes on without the owner and keeps the loop running until
// then.
class Process : public Task {
 public:
  using Exited = std::move_only_function<void(Result<ProcessExit>)>;
  using Output = std::move_only_function<void(bool is_stderr, std::string_view chunk)>;

  // A program that cannot be started (not found, no permission, unknown user) is reported through
  // `exited`.
  static std::unique_ptr<Process> start(Loop& loop, ProcessOptions options, Exited exited,
                                        Output output = {});

  // Asked for while the program runs; all zero if it could not be started.
  virtual ProcessIdentity identity() const = 0;
  virtual void signal(int number) = 0;  // to the process group
};

// What was started under this key and all that it started in turn: those that live, whether this
// engine started them or one that is gone.
std::vector<int> survivors_of(std::string_view key);
void kill_survivors_of(std::string_view key);

}  // namespace engine
