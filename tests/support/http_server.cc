// Blocking sockets and a thread a connection: plain enough to be right.
#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace engine::test {

namespace {

void demand(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::abort();
}

int listen_on_unix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  unlink(path.c_str());
  demand(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  return fd;
}

int listen_on_tcp(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  demand(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

size_t length_in(const std::string& head) {
  const char* found = strcasestr(head.c_str(), "\r\ncontent-length:");
  return found ? std::strtoull(found + 17, nullptr, 10) : 0;
}

}  // namespace

bool HttpPeer::read_more() {
  char buffer[65536];
  const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  unread_.append(buffer, static_cast<size_t>(count));
  return true;
}

bool HttpPeer::read_chunked() {
  while (true) {
    size_t line = 0;
    while ((line = unread_.find("\r\n")) == std::string::npos) {
      if (!read_more()) return false;
    }
    const size_t size = std::strtoull(unread_.c_str(), nullptr, 16);
    while (unread_.size() < line + 2 + size + 2) {
      if (!read_more()) return false;
    }
    body += unread_.substr(line + 2, size);
    unread_.erase(0, line + 2 + size + 2);
    if (size == 0) return true;
  }
}

bool HttpPeer::read_request() {
  constexpr char kTlsHandshake = 0x16;
  size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more() || unread_.front() == kTlsHandshake) return false;
  }
  head = unread_.substr(0, end + 2);
  unread_.erase(0, end + 4);
  body.clear();
  if (strcasestr(head.c_str(), "\r\ntransfer-encoding: chunked")) return read_chunked();
  const size_t length = length_in(head);
  while (unread_.size() < length) {
    if (!read_more()) return false;
  }
  body = unread_.substr(0, length);
  unread_.erase(0, length);
  return true;
}

bool HttpPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

bool HttpPeer::answer(int status, std::string_view content, std::string_view headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Words\r\n" + std::string(headers);
  text += "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n";
  if (!head.starts_with("HEAD ")) text += content;
  return send(text);
}

void HttpPeer::wait_for_close() {
  while (read_more()) unread_.clear();
}

bool HttpPeer::closes_within(std::chrono::milliseconds time) {
  pollfd readable = {.fd = fd_, .events = POLLIN, .revents = 0};
  return poll(&readable, 1, static_cast<int>(time.count())) == 1 && !read_more();
}

HttpServer::HttpServer(Script script, std::string unix_socket)
    : script_(std::move(script)), unix_socket_(std::move(unix_socket)) {
  listener_ = unix_socket_.empty() ? listen_on_tcp(port_) : listen_on_unix(unix_socket_);
  demand(listen(listener_, 64) == 0, "listen");
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& worker : workers_) worker.join();
  close(listener_);
  if (!unix_socket_.empty()) unlink(unix_socket_.c_str());
}

std::string HttpServer::url(std::string_view path) const {
  const std::string host = unix_socket_.empty() ? "127.0.0.1:" + std::to_string(port_) : "local";
  return "http://" + host + std::string(path);
}

void HttpServer::accept_all() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (closing_) {
      close(fd);
      return;
    }
    ++connections_;
    open_.insert(fd);
    workers_.emplace_back([this, fd] { serve(fd); });
  }
}

void HttpServer::serve(int fd) {
  HttpPeer peer(fd);
  while (peer.read_request()) {
    ++requests_;
    if (!script_(peer)) break;
  }
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
  close(fd);
}

}  // namespace engine::test
