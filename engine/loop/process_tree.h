// Everything that one started program started in turn, found and ended wherever it hides.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace engine {

// The start time of a process (field 22 of /proc/PID/stat), if there is such a process.
std::optional<uint64_t> process_start_time(int pid);

// Processes that bear this marker (see Launch) and live, whoever started them.
std::vector<int> marked_processes(uint64_t marker);
// Sends SIGKILL to them, and to those that they start meanwhile.
void kill_marked(uint64_t marker);

// Orphans come to us, once this was called: then whatever a program leaves behind is a child of
// ours.
void become_subreaper();

// Descendants are known by their parents, by their session, and by the marker that all inherit (see
// Launch). The root may be dead but must not have been reaped, so that its number cannot name
// another process.
class ProcessTree {
 public:
  ProcessTree(int root, uint64_t marker);
  ~ProcessTree();
  ProcessTree(const ProcessTree&) = delete;
  ProcessTree& operator=(const ProcessTree&) = delete;

  // How many descendants live, the root not counted. Cheap where the root is dead and left nothing.
  size_t living_descendants(bool root_lives);
  // Sends a signal to every living member, the root included, and to those that they start
  // meanwhile.
  void signal_all(int number);
  // Reaps what came to us as an orphan and has died; never a root, nor a child that a library
  // started. Answers with those that live; with nothing where the kernel does not tell.
  static std::optional<std::vector<int>> reap_orphans();

 private:
  struct Entry;
  std::vector<Entry> scan();

  int root_;
  uint64_t marker_;
  std::map<int, uint64_t> seen_;  // pid -> start time
};

}  // namespace engine
