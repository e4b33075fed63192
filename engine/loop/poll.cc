// A uv_poll whose handle is kept while it is stopped, since making one costs two system calls.
#include "engine/loop/poll.h"

#include <cassert>

#include "engine/loop/handle.h"

namespace engine {

struct Poll::Impl {
  HandlePtr<uv_poll_t> poll;
  Ready ready;

  static void on_ready(uv_poll_t* poll, int status, int events) noexcept {
    auto* impl = static_cast<Impl*>(poll->data);
    unsigned told = (events & UV_READABLE ? kReadable : 0) | (events & UV_WRITABLE ? kWritable : 0);
    if (status < 0) told = kReadable | kWritable;
    impl->ready(told);  // may destroy this
  }
};

Poll::Poll(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Poll::~Poll() = default;

Result<std::unique_ptr<Poll>> Poll::open(Loop& loop, int fd, Ready ready) {
  auto handle = std::make_unique<uv_poll_t>();
  const int status = uv_poll_init(loop.uv(), handle.get(), fd);
  if (status < 0) {
    return fail(code::kInternal,
                std::string("a descriptor cannot be watched: ") + uv_strerror(status));
  }
  auto impl = std::make_unique<Impl>();
  impl->poll.reset(handle.release());
  impl->poll->data = impl.get();
  impl->ready = std::move(ready);
  return std::unique_ptr<Poll>(new Poll(std::move(impl)));
}

void Poll::watch(unsigned events) {
  if (events == 0) {
    uv_poll_stop(impl_->poll.get());
    return;
  }
  const int wanted =
      (events & kReadable ? UV_READABLE : 0) | (events & kWritable ? UV_WRITABLE : 0);
  const int status = uv_poll_start(impl_->poll.get(), wanted, Impl::on_ready);
  assert(status == 0);
  static_cast<void>(status);
}

void Poll::keeps_loop(bool keeps) {
  auto* handle = reinterpret_cast<uv_handle_t*>(impl_->poll.get());
  keeps ? uv_ref(handle) : uv_unref(handle);
}

}  // namespace engine
