// Looking for due runs, and waiting for the next.
#include "engine/runs/parked.h"

#include <algorithm>

#include "engine/base/log.h"
#include "engine/loop/timer.h"

namespace engine::runs {

namespace {

constexpr size_t kBatch = 64;  // so that a turn of the loop stays short
// Clocks are set, and other processes park runs: nobody tells.
constexpr int64_t kBetweenLooksMs = 1000;
constexpr int64_t kSettleMs = 5;

}  // namespace

Parked::Parked(Loop& loop, store::Store& store, const Clock& clock, Host host)
    : loop_(loop), store_(store), clock_(clock), host_(std::move(host)) {}

Parked::~Parked() { *self_ = nullptr; }

void Parked::look_soon() {
  if (std::exchange(asked_, true)) return;
  loop_.defer([self = self_] {
    if (*self) (*self)->look();
  });
}

void Parked::look() {
  asked_ = false;
  take_up_due();
  host_.looked();
  arm();
}

void Parked::take_up_due() {
  more_ = false;
  const size_t room = std::min(host_.room(), kBatch);
  Result<store::Database*> database = store_.reader();
  if (!database) return log::warn("runs", database.error().message);
  Result<std::vector<std::string>> due =
      store::due_runs(**database, clock_, static_cast<int>(room + host_.known() + 1));
  if (!due) return log::warn("runs", due.error().message);
  size_t taken = 0;
  for (const std::string& run : *due) {
    if (host_.has(run)) continue;
    if (taken == room) {
      more_ = true;
      return;
    }
    host_.take_up(run);
    ++taken;
  }
}

void Parked::arm() {
  Result<store::Database*> database = store_.reader();
  if (!database) return log::warn("runs", database.error().message);
  const Result<std::optional<int64_t>> left = store::until_due(**database, clock_);
  if (!left) return log::warn("runs", left.error().message);
  // What was taken up a moment ago is due until that is on disk.
  const int64_t pause =
      std::clamp<int64_t>(left->value_or(kBetweenLooksMs), kSettleMs, kBetweenLooksMs);
  timer_ = start_timer(loop_, Millis(pause), [this] { look(); });
}

}  // namespace engine::runs
