// A call of the source, and another one when that ended: first soon, then later and later.
#include "engine/plugin/sources.h"

#include <algorithm>
#include <array>

#include "engine/base/clock.h"
#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/log.h"
#include "engine/loop/timer.h"

namespace engine::plugin {

namespace {

constexpr int kDoublingsMax = 30;

// Asking again will not help.
bool is_final(const Error& error) {
  constexpr std::array kFinal = {code::kInvalidArgument, code::kNotFound, code::kUnsupported,
                                 code::kUnauthenticated, code::kPermissionDenied};
  return std::ranges::find(kFinal, error.code) != kFinal.end();
}

// The time that lies between a half and one and a half times `delay`, so that many who were lost
// together don't come back together.
Millis varied(Millis delay) {
  uint16_t random = 0;
  random_bytes(&random, sizeof random);
  return Millis(delay.count() / 2 + delay.count() * random / UINT16_MAX);
}

class Following final : public Subscription {
 public:
  Following(Loop& loop, std::string source, FollowOptions options, FollowEvents events,
            OpenSource open)
      : loop_(loop),
        source_(std::move(source)),
        options_(std::move(options)),
        events_(std::make_shared<FollowEvents>(std::move(events))),
        open_(std::move(open)),
        began_ms_(system_clock().wall_ms()) {
    timer_ = start_timer(loop_, Millis(0), [this] { subscribe(); });
  }

  const std::string& cursor() const override { return options_.cursor; }
  int64_t losses() const override { return losses_; }

 private:
  // A callback that reaches nothing once this is gone.
  template <class Function>
  auto guarded(Function function) {
    return [alive = std::weak_ptr<bool>(alive_), function](auto&&... given) {
      if (alive.lock()) function(std::forward<decltype(given)>(given)...);
    };
  }

  std::string args() const {
    std::string text = options_.args;
    text.pop_back();
    if (text.back() != '{') text += ',';
    std::string members;
    JsonWriter json(members);
    json.begin_object().key("cursor");
    if (options_.cursor.empty()) {
      json.null();
    } else {
      json.string(options_.cursor);
    }
    json.key("since_ms");
    if (options_.cursor.empty() && options_.since_ms) {
      json.integer(*options_.since_ms);
    } else {
      json.null();
    }
    json.end_object();
    return text + members.substr(1);
  }

  void subscribe() {
    const auto open = open_;
    const std::weak_ptr<bool> alive = alive_;
    TaskPtr task = open(
        args(), guarded([this](const Result<std::string>& outcome) { ended(outcome); }),
        guarded([this](const Event& event) { happened(event); }), guarded([this] { accept(); }));
    // The source may have told something already, and whoever was told may have had enough.
    if (!alive.expired()) task_ = std::move(task);
  }

  void accept() {
    if (std::exchange(accepted_, true)) return;
    ever_accepted_ = true;
    attempts_ = 0;
    const auto events = events_;
    events->following();  // may destroy this
  }

  void happened(const Event& event) {
    options_.cursor = event.cursor;
    attempts_ = 0;
    const auto events = events_;
    events->event(event);  // may destroy this
  }

  void ended(const Result<std::string>& outcome) {
    const Error reason =
        outcome ? Error(code::kBackendUnavailable, source_ + " ended its events") : outcome.error();
    const auto events = events_;
    if (!ever_accepted_ && is_final(reason)) return events->failed(reason);  // may destroy this
    accepted_ = false;
    ++losses_;
    // What happens until it is followed again is not to be missed, also if nothing has come so far.
    if (!options_.since_ms) options_.since_ms = began_ms_;
    const Millis delay =
        varied(std::min(options_.delay_max, options_.delay_min * (int64_t{1} << attempts_)));
    attempts_ = std::min(attempts_ + 1, kDoublingsMax);
    log::info("plugin", source_ + " is not followed: " + reason.message);
    timer_ = start_timer(loop_, delay, [this] { subscribe(); });
    events->lost(reason, delay);  // may destroy this
  }

  Loop& loop_;
  const std::string source_;
  FollowOptions options_;
  const std::shared_ptr<FollowEvents> events_;  // outlives this where one of them destroys it
  const OpenSource open_;
  const int64_t began_ms_;
  int64_t losses_ = 0;
  int attempts_ = 0;
  bool accepted_ = false, ever_accepted_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TaskPtr timer_, task_;
};

}  // namespace

std::unique_ptr<Subscription> follow(Loop& loop, std::string source, FollowOptions options,
                                     FollowEvents events, OpenSource open) {
  return std::make_unique<Following>(loop, std::move(source), std::move(options), std::move(events),
                                     std::move(open));
}

}  // namespace engine::plugin
