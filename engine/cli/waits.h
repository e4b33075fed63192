// What runs wait for, in words: for lists of what waits, for whoever asks why, and for followers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/records.h"

namespace engine::cli {

struct Wait {
  std::string kind;     // approval, signal, event, lock, sleep, retry, child, or the control word
  std::string text;     // "approval: Remove 3 hosts? (approve, reject)"
  std::string name;     // a signal's, an event's, a lock's; the id of the run that is waited for
  std::string match;    // of a signal, JSON, or empty
  std::string away;     // why the backend of an event is not heard now
  std::string message;  // of an approval
  std::vector<std::string> choices, by;
  std::string otherwise;  // the choice that is taken when nobody answers
  int64_t until_ms = 0;   // 0: without an end
};

Wait read_wait(const store::Waiting& waiting);
// The same with who is in the way: who holds a lock, how a run that is waited for stands.
std::string told(Records& records, const store::Waiting& waiting);

std::string joined_words(const std::vector<std::string>& words);

}  // namespace engine::cli
