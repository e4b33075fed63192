// What our HTTP client costs over libcurl itself: GET over a unix socket, one after the other, the
// connection kept.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "engine/http/client.h"
#include "tests/bench/bare_curl.h"

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

}  // namespace

int main() {
  const Server server("/tmp/engine-http-bench." + std::to_string(getpid()) + ".sock");
  ours(server.path());
  compare(
      {.name = "GET over a unix socket, connection kept",
       .unit = "us",
       .peer = "bare libcurl multi on libuv",
       .ratio_goal = 1.15},
      [&] { return ours(server.path()); },
      [&] { return BareCurl::each_us(server.path(), "http://local/x", kBody, kRequests); });
}
