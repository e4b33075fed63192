// A uv_timer that lives as long as its owner.
#include "engine/loop/alarm.h"

#include <algorithm>

#include "engine/loop/handle.h"

namespace engine {

struct Alarm::Impl {
  HandlePtr<uv_timer_t> timer;
  Callback rings;
};

Alarm::Alarm(Loop& loop, Callback rings) : impl_(std::make_unique<Impl>()) {
  impl_->timer.reset(new uv_timer_t);
  uv_timer_init(loop.uv(), impl_->timer.get());
  impl_->timer->data = impl_.get();
  impl_->rings = std::move(rings);
}

Alarm::~Alarm() = default;

void Alarm::set(Millis delay) {
  const auto ms = static_cast<uint64_t>(std::max<int64_t>(delay.count(), 0));
  // libuv counts from the beginning of the turn; a long turn must not shorten the delay.
  if (ms > 0) uv_update_time(impl_->timer->loop);
  const auto on_timer = [](uv_timer_t* timer) noexcept {
    static_cast<Impl*>(timer->data)->rings();  // may destroy this
  };
  uv_timer_start(impl_->timer.get(), on_timer, ms, 0);
}

void Alarm::clear() { uv_timer_stop(impl_->timer.get()); }

}  // namespace engine
