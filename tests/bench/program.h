// Starts programs for the measures, as plainly as an operating system can: posix_spawn and wait.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace engine::bench {

// Starts it with its output thrown away and answers the pid; the bench ends if that fails.
inline pid_t start_program(std::vector<std::string> argv) {
  std::vector<char*> pointers;
  for (std::string& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int status = posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) {
    std::fprintf(stderr, "bench: cannot start %s\n", pointers[0]);
    std::exit(1);
  }
  return pid;
}

inline void run_program(std::vector<std::string> argv) {
  const std::string name = argv[0];
  const pid_t pid = start_program(std::move(argv));
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) {
    std::fprintf(stderr, "bench: %s failed\n", name.c_str());
    std::exit(1);
  }
}

// A folder of this program's own, on the disk that holds the build.
inline std::string fresh_folder(const std::string& name) {
  const std::string folder = "build/bench/" + name + "." + std::to_string(getpid());
  run_program({"rm", "-rf", folder});
  run_program({"mkdir", "-p", folder});
  return folder;
}

}  // namespace engine::bench
