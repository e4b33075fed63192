// GET with nothing but libcurl's multi interface on libuv, as their documentation shows it, on one
// handle: what our client is compared with.
#pragma once

#include <uv.h>

#include <cstdlib>
#include <string>

#include "engine/http/curl_library.h"
#include "tests/bench/bench.h"

namespace engine::bench {

class BareCurl {
 public:
  // Microseconds for each of so many requests, one after the other, to a unix socket; the bodies
  // are counted and thrown away.
  static double each_us(const std::string& path, const std::string& url, size_t body,
                        int requests) {
    BareCurl bare(**http::curl_library(), body, requests);
    bare.open(path, url);
    bare.begin();
    const double each = 1e6 / requests * seconds_of([&] { uv_run(&bare.loop_, UV_RUN_DEFAULT); });
    bare.close();
    return each;
  }

 private:
  BareCurl(const http::CurlLibrary& curl, size_t body, int requests)
      : curl_(curl), body_(body), left_(requests) {}

  void open(const std::string& path, const std::string& url) {
    uv_loop_init(&loop_);
    uv_timer_init(&loop_, &timer_);
    timer_.data = this;
    multi_ = curl_.multi_init();
    curl_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_.multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_.multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    easy_ = curl_.easy_init();
    curl_.easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_.easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, path.c_str());
    curl_.easy_setopt(easy_, CURLOPT_WRITEFUNCTION, on_body);
    curl_.easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  }
  void close() {
    curl_.easy_cleanup(easy_);
    curl_.multi_cleanup(multi_);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  void finish() {
    int queued = 0;
    while (const CURLMsg* message = curl_.multi_info_read(multi_, &queued)) {
      if (message->data.result != CURLE_OK || got_ != body_) std::abort();
      curl_.multi_remove_handle(multi_, easy_);
      if (--left_ > 0) begin();
    }
  }
  void begin() {
    got_ = 0;
    curl_.multi_add_handle(multi_, easy_);
  }
  void act(curl_socket_t fd, int mask) {
    int running = 0;
    curl_.multi_socket_action(multi_, fd, mask, &running);
    finish();
  }
  static void ready(uv_poll_t* poll, int, int events) {
    uv_os_fd_t fd = 0;
    uv_fileno(reinterpret_cast<uv_handle_t*>(poll), &fd);
    static_cast<BareCurl*>(poll->data)
        ->act(fd, (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                      (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
  }
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    auto* bare = static_cast<BareCurl*>(self);
    auto* poll = static_cast<uv_poll_t*>(known);
    if (what == CURL_POLL_REMOVE) {
      uv_poll_stop(poll);
      uv_close(reinterpret_cast<uv_handle_t*>(poll),
               [](uv_handle_t* closed) { delete reinterpret_cast<uv_poll_t*>(closed); });
      bare->curl_.multi_assign(bare->multi_, fd, nullptr);
      return 0;
    }
    if (!poll) {
      poll = new uv_poll_t;
      uv_poll_init(&bare->loop_, poll, fd);
      poll->data = bare;
      bare->curl_.multi_assign(bare->multi_, fd, poll);
    }
    uv_poll_start(
        poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
        ready);
    return 0;
  }
  static int on_timer(CURLM*, long ms, void* self) {
    auto* bare = static_cast<BareCurl*>(self);
    if (ms < 0) return uv_timer_stop(&bare->timer_);
    const auto fired = [](uv_timer_t* timer) {
      static_cast<BareCurl*>(timer->data)->act(CURL_SOCKET_TIMEOUT, 0);
    };
    return uv_timer_start(&bare->timer_, fired, static_cast<uint64_t>(ms), 0);
  }
  static size_t on_body(char*, size_t size, size_t count, void* self) {
    static_cast<BareCurl*>(self)->got_ += size * count;
    return size * count;
  }

  const http::CurlLibrary& curl_;
  const size_t body_;
  uv_loop_t loop_ = {};
  uv_timer_t timer_ = {};
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  size_t got_ = 0;
  int left_;
};

}  // namespace engine::bench
