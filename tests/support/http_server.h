// A small HTTP server that a test scripts request by request: it can stall, cut off, and say what
// no good server says.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace engine::test {

// One accepted connection; its methods block, on a thread of its own.
class HttpPeer {
 public:
  explicit HttpPeer(int fd) : fd_(fd) {}

  std::string head;  // request line and headers of the request at hand
  std::string body;

  // False when the client closed instead.
  bool read_request();
  // False once the client is gone.
  bool send(std::string_view bytes);
  bool answer(int status, std::string_view body, std::string_view headers = "");
  // Returns when the client has closed its side.
  void wait_for_close();
  bool closes_within(std::chrono::milliseconds time);

 private:
  bool read_more();
  bool read_chunked();
  int fd_;
  std::string unread_;
};

class HttpServer {
 public:
  // Called for each request; false closes the connection.
  using Script = std::function<bool(HttpPeer& peer)>;

  // Listens on a free port of 127.0.0.1, or on a unix socket where a path is given.
  explicit HttpServer(Script script, std::string unix_socket = "");
  ~HttpServer();

  std::string url(std::string_view path) const;
  const std::string& unix_socket() const { return unix_socket_; }
  int connections() const { return connections_; }
  int requests() const { return requests_; }

 private:
  void accept_all();
  void serve(int fd);

  Script script_;
  std::string unix_socket_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0, requests_ = 0;
  std::mutex mutex_;
  bool closing_ = false;
  std::set<int> open_;                // guarded by mutex_
  std::vector<std::thread> workers_;  // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace engine::test
