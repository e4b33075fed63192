// Deferred work, posted work and the turn function, on three libuv handles.
#include "engine/loop/loop.h"

#include <uv.h>

#include <cassert>
#include <mutex>
#include <utility>
#include <vector>

namespace engine {

// How a turn goes: poll, then what was posted, then the turn function, then what was deferred. The
// idle handle is active exactly while something is left to do at once, since an active one keeps
// the poll from blocking.
struct Loop::Impl {
  uv_loop_t loop;
  uv_async_t async;
  uv_check_t check;
  uv_idle_t idle;
  std::vector<Callback> deferred;
  std::move_only_function<bool()> turn;
  int holds = 0;

  std::mutex mutex;
  std::vector<Callback> posted;  // guarded by mutex

  void be_busy() {
    uv_idle_start(&idle, [](uv_idle_t*) noexcept {});
  }

  void run_posted() {
    std::vector<Callback> batch;
    {
      const std::lock_guard lock(mutex);
      batch.swap(posted);
    }
    for (Callback& fn : batch) fn();
  }

  void drop_posted() {
    std::vector<Callback> batch;
    {
      const std::lock_guard lock(mutex);
      batch.swap(posted);
    }
    // Destroyed here, without the lock: what they captured may post again.
  }

  void after_poll() {
    // Stopped first, so that whoever wakes the loop from here on has it busy again.
    uv_idle_stop(&idle);
    if (turn && turn()) be_busy();
    std::vector<Callback> batch;
    batch.swap(deferred);
    for (Callback& fn : batch) fn();
  }
};

Loop::Hold::Hold(Impl& impl) : impl_(impl) {
  if (impl_.holds++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&impl_.async));
}

Loop::Hold::~Hold() {
  if (--impl_.holds == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&impl_.async));
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  Impl& impl = *impl_;
  int status = uv_loop_init(&impl.loop);
  assert(status == 0);
  status = uv_async_init(&impl.loop, &impl.async, [](uv_async_t* async) noexcept {
    static_cast<Impl*>(async->data)->run_posted();
  });
  assert(status == 0);
  uv_check_init(&impl.loop, &impl.check);
  uv_idle_init(&impl.loop, &impl.idle);
  impl.async.data = impl.check.data = impl.idle.data = &impl;
  uv_check_start(&impl.check,
                 [](uv_check_t* check) noexcept { static_cast<Impl*>(check->data)->after_poll(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&impl.async));
  uv_unref(reinterpret_cast<uv_handle_t*>(&impl.check));
  static_cast<void>(status);
}

Loop::~Loop() {
  impl_->turn = nullptr;
  impl_->deferred.clear();
  impl_->drop_posted();
  while (impl_->holds > 0 || impl_->loop.active_reqs.count > 0) uv_run(&impl_->loop, UV_RUN_ONCE);
  impl_->drop_posted();
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->async), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->check), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->idle), nullptr);
  // Once more, for the close callbacks of these and of what was closed just before.
  uv_run(&impl_->loop, UV_RUN_NOWAIT);
  const int status = uv_loop_close(&impl_->loop);
  if (status != 0) uv_print_all_handles(&impl_->loop, stderr);
  assert(status == 0 && "a handle of ours was left open");
  static_cast<void>(status);
}

uv_loop_s* Loop::uv() { return &impl_->loop; }

void Loop::run() { uv_run(&impl_->loop, UV_RUN_DEFAULT); }

void Loop::settle() {
  uv_run(&impl_->loop, UV_RUN_NOWAIT);
  while (impl_->loop.active_reqs.count > 0) uv_run(&impl_->loop, UV_RUN_ONCE);
}

void Loop::stop() { uv_stop(&impl_->loop); }

void Loop::defer(Callback fn) {
  impl_->deferred.push_back(std::move(fn));
  impl_->be_busy();
}

void Loop::post(Callback fn) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(fn));
  }
  uv_async_send(&impl_->async);
}

std::unique_ptr<Loop::Hold> Loop::hold() { return std::make_unique<Hold>(*impl_); }

void Loop::set_turn(std::move_only_function<bool()> fn) {
  impl_->turn = std::move(fn);
  wake();
}

void Loop::wake() { impl_->be_busy(); }

}  // namespace engine
