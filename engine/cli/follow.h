// A run of another process, or of none, shown as it goes on: what is recorded, then what comes. The
// store is looked at again when somebody has written to it; neither the run nor its process knows.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "engine/base/json_read.h"
#include "engine/cli/records.h"
#include "engine/cli/session.h"

namespace engine::cli {

class Follower {
 public:
  // Called with each entry of the journal, and the run it is of, in order.
  using Show = std::function<void(const store::RunRecord& run, JsonElement entry)>;
  Follower(Session& session, Records& records, Show show)
      : session_(session), records_(records), show_(std::move(show)) {}

  // Until it has ended, and all that it goes on as: answers the exit code of `engine run`. A run
  // that loses its process is followed on until somebody has resumed it. Ctrl-C leaves it alone.
  int follow(store::RunRecord run);

 private:
  void look();
  Result<void> read();
  Result<void> show_new();
  void say_waits();
  void say_state(const std::string& state);
  void ended();
  void finish(int code);

  Session& session_;
  Records& records_;
  Show show_;
  store::RunRecord run_;
  std::string state_ = "running";  // as it was said last
  int64_t version_ = -1;           // of the store, when it was read last
  int64_t row_ = 0;                // the last one that was shown
  std::set<std::string> waits_;    // that have been said
  TaskPtr timer_;
  int code_ = 0;
  bool finished_ = false;
};

}  // namespace engine::cli
