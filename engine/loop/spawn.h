// Starts one program without copying the engine's memory, however large the engine has grown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/loop/fd.h"

namespace engine {

struct Launch {
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string cwd;   // empty: ours
  std::string user;  // empty: ours
  int input = -1;    // become the program's 0, 1 and 2; all above 2 and closed on exec
  int output = -1;
  int error_output = -1;
  // Kept in a resource limit that Linux has no other use for (RLIMIT_LOCKS): every descendant
  // inherits it, whatever it does to its session, environment or parent.
  uint64_t marker = 0;
};

struct Launched {
  int pid = 0;
  Fd pidfd;
};

// The program leads a session of its own, with default signal handling and no descriptors but 0
// to 2. Blocks until it has been executed, so that failure to do so is told here, in words.
Result<Launched> launch(const Launch& launch);

}  // namespace engine
