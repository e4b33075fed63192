// uv_queue_work as a Task.
#include "engine/loop/work.h"

#include <uv.h>

#include <cassert>

namespace engine {
namespace {

class Work;

// Owned by libuv until the work is over; `owner` is null once nobody waits.
struct Request {
  uv_work_t request;
  Callback work;
  Work* owner;
};

class Work final : public Task {
 public:
  Work(Loop& loop, Callback work, Callback finished)
      : request_(new Request{{}, std::move(work), this}), finished_(std::move(finished)) {
    request_->request.data = request_;
    const int status = uv_queue_work(loop.uv(), &request_->request, run, finish);
    assert(status == 0);
    static_cast<void>(status);
  }
  ~Work() override {
    if (!request_) return;
    request_->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&request_->request));  // if it has not begun
  }

 private:
  static void run(uv_work_t* work) noexcept { static_cast<Request*>(work->data)->work(); }
  static void finish(uv_work_t* work, int) noexcept {
    const std::unique_ptr<Request> request(static_cast<Request*>(work->data));
    Work* owner = request->owner;
    if (!owner) return;
    owner->request_ = nullptr;
    Callback finished = std::move(owner->finished_);
    finished();  // may destroy the owner
  }

  Request* request_;
  Callback finished_;
};

}  // namespace

TaskPtr start_work(Loop& loop, Callback work, Callback finished) {
  return std::make_unique<Work>(loop, std::move(work), std::move(finished));
}

}  // namespace engine
