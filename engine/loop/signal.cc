// A uv_signal as a Task.
#include "engine/loop/signal.h"

#include "engine/loop/handle.h"

namespace engine {
namespace {

class Signal final : public Task {
 public:
  Signal(Loop& loop, int number, std::move_only_function<void()> received)
      : signal_(new uv_signal_t), received_(std::move(received)) {
    uv_signal_init(loop.uv(), signal_.get());
    signal_->data = this;
    const auto on_signal = [](uv_signal_t* signal, int) noexcept {
      static_cast<Signal*>(signal->data)->received_();
    };
    uv_signal_start(signal_.get(), on_signal, number);
    uv_unref(reinterpret_cast<uv_handle_t*>(signal_.get()));
  }

 private:
  HandlePtr<uv_signal_t> signal_;
  std::move_only_function<void()> received_;
};

}  // namespace

TaskPtr watch_signal(Loop& loop, int number, std::move_only_function<void()> received) {
  return std::make_unique<Signal>(loop, number, std::move(received));
}

}  // namespace engine
