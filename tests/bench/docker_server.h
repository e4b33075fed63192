// Plays a Docker daemon on a unix socket: no containers but one, whose log is large.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

namespace engine::bench {

class DockerServer {
 public:
  explicit DockerServer(std::string path) : path_(std::move(path)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(path_.c_str());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    if (listen(listener_, 64) != 0) std::abort();
    std::thread([this] {
      for (int fd = 0; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        std::thread([this, fd] { serve(fd); }).detach();
      }
    }).detach();
  }
  ~DockerServer() { unlink(path_.c_str()); }
  DockerServer(const DockerServer&) = delete;
  DockerServer& operator=(const DockerServer&) = delete;

  const std::string& path() const { return path_; }
  int lists_served() const { return lists_served_; }

  static constexpr size_t kLogBytes = 100 << 20;

 private:
  static constexpr size_t kFrame = 16384;  // as Docker cuts long output

  static std::string head(size_t length, std::string_view type) {
    return "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nServer: Docker/20.10.24 "
           "(linux)\r\nContent-Type: " +
           std::string(type) + "\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  }

  static bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Frames of a log: a byte for the stream, three of nothing, four for the length.
  static bool send_log(int fd) {
    std::string frame("\1\0\0\0\0\0\x40\0", 8);
    for (size_t i = 0; i < kFrame; ++i) frame += i % 64 == 63 ? '\n' : 'x';
    const size_t frames = kLogBytes / kFrame;
    if (!send_all(fd, head(frames * frame.size(), "application/octet-stream"))) return false;
    for (size_t i = 0; i < frames; ++i) {
      if (!send_all(fd, frame)) return false;
    }
    return true;
  }

  bool answer(int fd, std::string_view request) {
    const bool bare = request.starts_with("HEAD ");
    const std::string_view line = request.substr(0, request.find("\r\n"));
    const auto asks = [&](std::string_view what) { return line.find(what) != line.npos; };
    if (asks("/logs")) return send_log(fd);
    std::string body = R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})";
    std::string_view type = "application/json";
    if (asks("/containers/json")) {
      ++lists_served_;
      return send_all(fd, head(3, type) + "[]\n");
    }
    if (asks("/_ping")) {
      body = bare ? "" : "OK";
      type = "text/plain";
    } else if (asks("/containers/")) {
      body = R"({"Id":"logged","Name":"/logged","Config":{"Tty":false},"State":{}})";
    }
    return send_all(fd, head(bare ? 0 : body.size(), type) + body);
  }

  void serve(int fd) {
    char buffer[4096];
    std::string pending;
    bool alive = true;
    for (ssize_t count = 0; alive && (count = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      pending.append(buffer, static_cast<size_t>(count));
      for (size_t end = 0; alive && (end = pending.find("\r\n\r\n")) != std::string::npos;) {
        alive = answer(fd, std::string_view(pending).substr(0, end + 4));
        pending.erase(0, end + 4);
      }
    }
    close(fd);
  }

  std::string path_;
  int listener_ = -1;
  std::atomic<int> lists_served_ = 0;
};

}  // namespace engine::bench
