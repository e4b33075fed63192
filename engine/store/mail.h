// What is sent to runs from outside of them: signals, approvals, cancels. A run's signals and
// approvals are kept until it has succeeded, or is deleted, so that whoever carries it finds them,
// now, after a crash or in a new attempt; what it has taken stands in its journal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/store/database.h"

namespace engine::store {

struct Mail {
  int64_t id = 0;  // in the order of sending, over all runs
  std::string run;
  std::string kind;  // signal, approval, cancel, lock (somebody let go of it)
  std::string name;  // a signal's; of an approval the place that asked for it
  std::string data;  // JSON
  std::string sender;
  int64_t at_ms = 0;
};

// Answers its id.
Result<int64_t> send_mail(Database& db, const Mail& mail);
// Whether somebody has asked the run to end.
Result<bool> is_cancelled(Database& db, std::string_view run);
// In the order of sending.
Result<std::vector<Mail>> mail_of(Database& db, std::string_view run, int64_t after_id);
// Which runs got mail after that one, and the last one's id.
struct Addressees {
  std::vector<std::string> runs;
  int64_t last_id = 0;
};
Result<Addressees> addressees(Database& db, int64_t after_id);

// The place, and the kind of waiting, of a run whose script may not go on yet.
inline constexpr std::string_view kQueue = "queue";

// What a run waits for, for people to see, and for approvals to be answered.
struct Waiting {
  std::string run;
  std::string place;
  std::string kind;  // the control word: wait_for, approve, lock, sleep, retry; or kQueue
  std::string what;  // its arguments, JSON; of a sleep or a retry {"until","ms"}
  std::string line;
  int64_t since_ms = 0;
};

Result<void> put_waiting(Database& db, const Waiting& waiting);
Result<void> remove_waiting(Database& db, std::string_view run, std::string_view place);
Result<void> remove_waiting(Database& db, std::string_view run);
// Longest first; of one run, or, where that is empty, of all.
Result<std::vector<Waiting>> list_waiting(Database& db, std::string_view run, int limit);

}  // namespace engine::store
