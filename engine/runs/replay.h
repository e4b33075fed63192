// A run's past, played back to its script: what it asks is answered from the journal, in the order
// in which it was told before; what the journal does not hold begins for real when the journal is
// at its end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/runs/recorded.h"

namespace engine::runs {

class Replay {
 public:
  // Begins for real what was asked.
  using Begin = std::move_only_function<TaskPtr(Done done)>;
  struct Asked {
    std::string place;
    std::string operation;  // empty: a wait
    std::string args;       // JSON as the journal may keep it; of a wait its milliseconds
    std::string given;      // the same, as the script gave it
    std::string line;
  };
  // The script has stopped waiting for what it asked, before it was answered.
  using Dropped = std::function<void(const std::string& place)>;

  Replay(std::string run, Recorded recorded, Dropped dropped);
  ~Replay();

  TaskPtr ask(Asked asked, Done done, Begin begin);
  // What is to be delivered next; null at the end of the journal, or after a mismatch.
  const Delivery* next();
  // What is waited for at a place; null when nothing is.
  const Asked* asked(const std::string& place) const;
  // Gives the outcome to whoever waits for it; false when nobody does any more.
  bool deliver(const Delivery& delivery, Result<std::string> outcome);
  // An end that the script is to have brought about by now.
  void pass(const Delivery& delivery);
  // The script is at its end; what was recorded must be too.
  void script_ended();
  // At the journal's end: what had begun and did not end, the script must have asked again.
  void check_open_calls();
  // At the journal's end: begins what was asked and not answered, in the order of asking. What was
  // answered and not delivered goes to `deliver`.
  using Deliver = std::function<void(RecordedCall& call, Done done)>;
  void release(const Deliver& deliver);

  bool live() const { return live_; }
  // The first difference between the journal and the script, or what else stopped the replay.
  const std::optional<Error>& fault() const { return fault_; }
  void stop(Error reason);

  RecordedCall* call(const std::string& place);
  Recorded& recorded() { return recorded_; }

 private:
  class Pending;
  void compare(const Asked& asked);
  void differs(const std::string& place, const std::string& journal, const std::string& script);
  std::string journal_at(const std::string& place) const;
  std::string script_at(const std::string& place) const;
  void forget(Pending& pending);

  const std::string run_;
  Recorded recorded_;
  Dropped dropped_;
  size_t next_ = 0;
  std::unordered_map<std::string, Pending*> pending_;  // by place
  std::map<size_t, Pending*> in_order_;                // the same, as asked
  size_t asked_count_ = 0;
  std::unordered_set<std::string> gone_;  // places that were asked and are waited for no more
  std::optional<Error> fault_;
  bool live_ = false;
};

}  // namespace engine::runs
