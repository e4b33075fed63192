// The glue of curl_multi_socket_action: whatever happens on a socket or in time goes in, finished
// transfers come out.
#include "engine/http/multi.h"

#include <cassert>

namespace engine::http {

namespace {

constexpr size_t kIdleHandlesMax = 8;
constexpr long kIdleConnectionsMax = 16;

}  // namespace

Multi::Multi(Loop& loop, const CurlLibrary& curl)
    : loop_(loop),
      curl_(curl),
      multi_(curl.multi_init()),
      alarm_(loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }) {
  assert(multi_);
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
}

Multi::~Multi() {
  for (auto& [transfer, owned] : transfers_) {
    end_on_wire(*transfer);
    transfer->orphan();
  }
  transfers_.clear();
  for (CURL* easy : idle_) curl_.easy_cleanup(easy);
  curl_.multi_cleanup(multi_);
}

int Multi::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto* multi = static_cast<Multi*>(self);
  auto& poll = multi->polls_[fd];
  if (what == CURL_POLL_REMOVE) {
    if (poll) poll->watch(0);
    return 0;
  }
  if (!poll) {
    auto opened = Poll::open(multi->loop_, fd, [multi, fd](unsigned events) {
      multi->act(fd, (events & Poll::kReadable ? CURL_CSELECT_IN : 0) |
                         (events & Poll::kWritable ? CURL_CSELECT_OUT : 0));
    });
    if (!opened) return -1;
    poll = std::move(*opened);
  }
  poll->watch((what & CURL_POLL_IN ? Poll::kReadable : 0) |
              (what & CURL_POLL_OUT ? Poll::kWritable : 0));
  return 0;
}

int Multi::on_timer(CURLM*, long ms, void* self) {
  auto* multi = static_cast<Multi*>(self);
  if (ms < 0) {
    multi->alarm_.clear();
  } else {
    multi->alarm_.set(Millis(ms));
  }
  return 0;
}

void Multi::act(curl_socket_t fd, int mask) {
  int running = 0;
  ++inside_;
  curl_.multi_socket_action(multi_, fd, mask, &running);
  --inside_;
  settle();  // may destroy this
}

void Multi::settle() {
  std::vector<Transfer*> doomed;
  doomed.swap(doomed_);
  for (Transfer* transfer : doomed) take(*transfer);

  std::vector<std::unique_ptr<Transfer>> over;
  int left = 0;
  while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode outcome = message->data.result;
    void* owner = nullptr;
    curl_.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    auto& transfer = *static_cast<Transfer*>(owner);
    if (transfer.over(curl_, outcome)) {
      end_on_wire(transfer);
      transfer.redirect();
      begin(transfer);
    } else {
      over.push_back(take(transfer));
    }
  }
  // From here on only the transfers in hand are touched: a callback may destroy anything else.
  for (const auto& transfer : over) transfer->deliver();
}

// Takes it off the wire and out of our keeping.
std::unique_ptr<Transfer> Multi::take(Transfer& transfer) {
  end_on_wire(transfer);
  auto node = transfers_.extract(&transfer);
  return node ? std::move(node.mapped()) : nullptr;
}

void Multi::end_on_wire(Transfer& transfer) {
  CURL* easy = transfer.release();
  if (!easy) return;
  curl_.multi_remove_handle(multi_, easy);
  if (idle_.size() >= kIdleHandlesMax) {
    curl_.easy_cleanup(easy);
    return;
  }
  if (transfer.is_special()) {
    curl_.easy_reset(easy);
    Transfer::set_constants(curl_, easy);
  }
  idle_.push_back(easy);
}

CURL* Multi::easy_handle() {
  if (idle_.empty()) {
    CURL* easy = curl_.easy_init();
    Transfer::set_constants(curl_, easy);
    return easy;
  }
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void Multi::begin(Transfer& transfer) {
  CURL* easy = easy_handle();
  if (Result<void> ready = transfer.prepare(curl_, easy); !ready) {
    transfer.fail_with(std::move(ready.error()));
  } else if (curl_.multi_add_handle(multi_, easy) != CURLM_OK) {
    transfer.fail_with(Error(code::kInternal, "libcurl does not take the request"));
  } else {
    return;
  }
  end_on_wire(transfer);
  loop_.defer([this, alive = transfer.self()] {
    if (!*alive) return;
    const std::unique_ptr<Transfer> failed = take(**alive);
    failed->deliver();
  });
}

Transfer& Multi::add(std::unique_ptr<Transfer> transfer) {
  Transfer& added = *transfer;
  transfers_.emplace(&added, std::move(transfer));
  begin(added);
  return added;
}

void Multi::drop(Transfer& transfer) {
  if (inside_ > 0) {
    doomed_.push_back(&transfer);
  } else {
    take(transfer);
  }
}

void Multi::unpause(Transfer& transfer) {
  if (inside_ > 0) return;
  ++inside_;
  transfer.unpause(curl_);
  --inside_;
  settle();  // may destroy this
}

}  // namespace engine::http
