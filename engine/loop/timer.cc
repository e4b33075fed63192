// A uv_timer as a Task.
#include "engine/loop/timer.h"

#include <algorithm>

#include "engine/loop/handle.h"

namespace engine {
namespace {

class Timer final : public Task {
 public:
  Timer(Loop& loop, Millis delay, Callback fired, bool background)
      : timer_(new uv_timer_t), fired_(std::move(fired)) {
    uv_timer_init(loop.uv(), timer_.get());
    timer_->data = this;
    // libuv counts from the beginning of the turn; a long turn must not shorten the delay.
    uv_update_time(loop.uv());
    const auto on_timer = [](uv_timer_t* timer) noexcept {
      Callback callback = std::move(static_cast<Timer*>(timer->data)->fired_);
      callback();  // may destroy this
    };
    uv_timer_start(timer_.get(), on_timer,
                   static_cast<uint64_t>(std::max<int64_t>(delay.count(), 0)), 0);
    if (background) uv_unref(reinterpret_cast<uv_handle_t*>(timer_.get()));
  }

 private:
  HandlePtr<uv_timer_t> timer_;
  Callback fired_;
};

}  // namespace

TaskPtr start_timer(Loop& loop, Millis delay, Callback fired) {
  return std::make_unique<Timer>(loop, delay, std::move(fired), false);
}

TaskPtr start_background_timer(Loop& loop, Millis delay, Callback fired) {
  return std::make_unique<Timer>(loop, delay, std::move(fired), true);
}

}  // namespace engine
