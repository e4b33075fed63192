// The exchange as its owner sees it: a thin handle on a transfer.
#include "engine/http/client.h"

#include "engine/http/multi.h"

namespace engine::http {

namespace {

class Handle final : public Exchange {
 public:
  ~Handle() override {
    *alive_ = nullptr;
    if (!transfer_) return;
    transfer_->abandon();
    multi_->drop(*transfer_);
  }

  void attach(Multi& multi, Transfer& transfer) {
    multi_ = &multi;
    transfer_ = &transfer;
  }
  void detach() { transfer_ = nullptr; }

  // A turn later: this may be called from within libcurl.
  void resume() override {
    if (!transfer_) return;
    multi_->loop().defer([alive = alive_] {
      Handle* handle = *alive;
      if (handle && handle->transfer_) handle->multi_->unpause(*handle->transfer_);
    });
  }

  std::shared_ptr<Handle*> alive() const { return alive_; }

 private:
  std::shared_ptr<Handle*> alive_ = std::make_shared<Handle*>(this);
  Multi* multi_ = nullptr;
  Transfer* transfer_ = nullptr;
};

}  // namespace

Client::Client(Loop& loop) : loop_(loop) {}
Client::~Client() = default;

std::unique_ptr<Exchange> Client::start(Request request, Answered answered) {
  return start(std::move(request),
               StreamEvents{.headers = {}, .chunk = {}, .ended = std::move(answered)});
}

std::unique_ptr<Exchange> Client::start(Request request, StreamEvents events) {
  auto handle = std::make_unique<Handle>();
  const Result<const CurlLibrary*> curl = curl_library();
  if (!curl) {
    loop_.defer(
        [alive = handle->alive(), ended = std::move(events.ended), error = curl.error()]() mutable {
          if (*alive) ended(std::unexpected(std::move(error)));
        });
    return handle;
  }
  if (!multi_) multi_ = std::make_unique<Multi>(loop_, **curl);
  auto transfer = std::make_unique<Transfer>(std::move(request), std::move(events),
                                             [exchange = handle.get()] { exchange->detach(); });
  handle->attach(*multi_, multi_->add(std::move(transfer)));
  return handle;
}

}  // namespace engine::http
