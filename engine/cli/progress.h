// What a run shows while it goes: from its journal's entries to lines for good and, on a terminal,
// lines that change.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json_read.h"
#include "engine/cli/terminal.h"

namespace engine::cli {

struct ProgressOptions {
  bool live = false;   // somebody watches a terminal: steps that go on are drawn again and again
  bool debug = false;  // log.debug lines are wanted
};

class Progress {
 public:
  Progress(ProgressOptions options, const Terminal& terminal)
      : options_(options), terminal_(terminal) {}

  // Takes an entry. What is to be said for good is in said(), what the run reports in reported().
  void take(std::string_view entry);
  std::string said() { return std::exchange(said_, {}); }
  std::vector<std::string> reported() { return std::exchange(reported_, {}); }  // JSON each

  // The steps and operations that go on now, as lines of at most `width` columns and at most
  // `lines_max` of them.
  std::vector<std::string> live(int64_t now_ms, int width, size_t lines_max, int frame) const;

  // What a dry run would have done, in order.
  std::string plan() const;

 private:
  struct Step {
    int parent = 0;
    int depth = 0;
    std::string name;
    int64_t at = 0;
  };
  struct Call {
    std::string operation;
    int64_t at = 0;
    int step = 0;
  };

  void open_step(JsonElement entry);
  void close_step(JsonElement entry);
  void take_log(JsonElement entry);
  void take_queue(JsonElement entry);
  void take_retry(JsonElement entry);
  void take_planned(JsonElement entry);
  void take_child(JsonElement entry);
  void say(int depth, std::string_view line);
  int depth_of(JsonElement entry) const;

  ProgressOptions options_;
  Terminal terminal_;
  std::map<int, Step> open_;  // by id: the order in which they were opened
  std::map<std::string, Call> calls_;
  std::string said_;
  std::vector<std::string> reported_;
  std::vector<std::string> planned_;
};

}  // namespace engine::cli
