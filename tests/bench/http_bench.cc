// What our HTTP client costs over libcurl itself: GET over a unix socket, one after the other, the
// connection kept.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "engine/http/client.h"
#include "engine/http/curl_library.h"
#include "tests/bench/bench.h"

using namespace engine;
using namespace engine::bench;

namespace {

constexpr int kRequests = 3000;  // in each half of a pair
constexpr size_t kBody = 1500;

// Answers every request on every connection with the same bytes.
class Server {
 public:
  explicit Server(std::string path) : path_(std::move(path)), answer_(whole_answer()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(path_.c_str());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    if (listen(listener_, 16) != 0) std::abort();
    std::thread([this] {
      for (int fd = 0; (fd = accept(listener_, nullptr, nullptr)) >= 0;) {
        std::thread([this, fd] { serve(fd); }).detach();
      }
    }).detach();
  }
  ~Server() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  static std::string whole_answer() {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(kBody) + "\r\n\r\n" + std::string(kBody, 'x');
  }
  void serve(int fd) const {
    char buffer[4096];
    std::string pending;
    for (ssize_t count = 0; (count = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      pending.append(buffer, static_cast<size_t>(count));
      for (size_t end = 0; (end = pending.find("\r\n\r\n")) != std::string::npos;) {
        pending.erase(0, end + 4);
        if (send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) break;
      }
    }
    close(fd);
  }

  std::string path_, answer_;
  int listener_ = -1;
};

double ours(const std::string& path) {
  Loop loop;
  http::Client client(loop);
  std::unique_ptr<http::Exchange> exchange;
  int left = kRequests;
  std::function<void()> next = [&] {
    exchange = client.start({.url = "http://local/x", .unix_socket = path},
                            [&](Result<http::Response> response) {
                              if (!response || response->body.size() != kBody) std::abort();
                              if (--left > 0) next();
                            });
  };
  next();
  return 1e6 / kRequests * seconds_of([&] { loop.run(); });
}

// The same with nothing but libcurl and libuv, as their documentation shows it, on one handle.
struct Bare {
  const http::CurlLibrary& curl;
  uv_loop_t loop = {};
  uv_timer_t timer = {};
  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  size_t got = 0;
  int left = kRequests;

  void finish() {
    int queued = 0;
    while (const CURLMsg* message = curl.multi_info_read(multi, &queued)) {
      if (message->data.result != CURLE_OK || got != kBody) std::abort();
      curl.multi_remove_handle(multi, easy);
      if (--left > 0) begin();
    }
  }
  void begin() {
    got = 0;
    curl.multi_add_handle(multi, easy);
  }
  void act(curl_socket_t fd, int mask) {
    int running = 0;
    curl.multi_socket_action(multi, fd, mask, &running);
    finish();
  }
  static void ready(uv_poll_t* poll, int, int events) {
    uv_os_fd_t fd = 0;
    uv_fileno(reinterpret_cast<uv_handle_t*>(poll), &fd);
    static_cast<Bare*>(poll->data)
        ->act(fd, (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                      (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
  }
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    auto* bare = static_cast<Bare*>(self);
    auto* poll = static_cast<uv_poll_t*>(known);
    if (what == CURL_POLL_REMOVE) {
      uv_poll_stop(poll);
      uv_close(reinterpret_cast<uv_handle_t*>(poll),
               [](uv_handle_t* closed) { delete reinterpret_cast<uv_poll_t*>(closed); });
      bare->curl.multi_assign(bare->multi, fd, nullptr);
      return 0;
    }
    if (!poll) {
      poll = new uv_poll_t;
      uv_poll_init(&bare->loop, poll, fd);
      poll->data = bare;
      bare->curl.multi_assign(bare->multi, fd, poll);
    }
    uv_poll_start(
        poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
        ready);
    return 0;
  }
  static int on_timer(CURLM*, long ms, void* self) {
    auto* bare = static_cast<Bare*>(self);
    if (ms < 0) return uv_timer_stop(&bare->timer);
    const auto fired = [](uv_timer_t* timer) {
      static_cast<Bare*>(timer->data)->act(CURL_SOCKET_TIMEOUT, 0);
    };
    return uv_timer_start(&bare->timer, fired, static_cast<uint64_t>(ms), 0);
  }
  static size_t on_body(char*, size_t size, size_t count, void* self) {
    static_cast<Bare*>(self)->got += size * count;
    return size * count;
  }
};

double bare(const std::string& path) {
  Bare bare{.curl = **http::curl_library()};
  uv_loop_init(&bare.loop);
  uv_timer_init(&bare.loop, &bare.timer);
  bare.timer.data = &bare;
  bare.multi = bare.curl.multi_init();
  bare.curl.multi_setopt(bare.multi, CURLMOPT_SOCKETFUNCTION, Bare::on_socket);
  bare.curl.multi_setopt(bare.multi, CURLMOPT_SOCKETDATA, &bare);
  bare.curl.multi_setopt(bare.multi, CURLMOPT_TIMERFUNCTION, Bare::on_timer);
  bare.curl.multi_setopt(bare.multi, CURLMOPT_TIMERDATA, &bare);
  bare.easy = bare.curl.easy_init();
  bare.curl.easy_setopt(bare.easy, CURLOPT_URL, "http://local/x");
  bare.curl.easy_setopt(bare.easy, CURLOPT_UNIX_SOCKET_PATH, path.c_str());
  bare.curl.easy_setopt(bare.easy, CURLOPT_WRITEFUNCTION, Bare::on_body);
  bare.curl.easy_setopt(bare.easy, CURLOPT_WRITEDATA, &bare);
  bare.begin();
  const double each = 1e6 / kRequests * seconds_of([&] { uv_run(&bare.loop, UV_RUN_DEFAULT); });
  bare.curl.easy_cleanup(bare.easy);
  bare.curl.multi_cleanup(bare.multi);
  uv_close(reinterpret_cast<uv_handle_t*>(&bare.timer), nullptr);
  uv_run(&bare.loop, UV_RUN_DEFAULT);
  uv_loop_close(&bare.loop);
  return each;
}

}  // namespace

int main() {
  const Server server("/tmp/engine-http-bench." + std::to_string(getpid()) + ".sock");
  ours(server.path());
  compare(
      {.name = "GET over a unix socket, connection kept",
       .unit = "us",
       .peer = "bare libcurl multi on libuv",
       .ratio_goal = 1.15},
      [&] { return ours(server.path()); }, [&] { return bare(server.path()); });
}
