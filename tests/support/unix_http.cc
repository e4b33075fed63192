// One connection a request, read to its end: there is nothing to keep and little to get wrong.
#include "tests/support/unix_http.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace engine::test {

namespace {

int connect_to(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[65536];
  while (true) {
    const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) return text;
    text.append(buffer, static_cast<size_t>(count));
  }
}

std::string without_chunks(std::string_view text) {
  std::string body;
  while (true) {
    const size_t line = text.find("\r\n");
    const size_t size = std::strtoull(std::string(text.substr(0, line)).c_str(), nullptr, 16);
    if (line == std::string_view::npos || size == 0 || text.size() < line + 4 + size) return body;
    body += text.substr(line + 2, size);
    text.remove_prefix(line + 4 + size);
  }
}

}  // namespace

HttpAnswer ask_unix(const std::string& socket, std::string_view method, std::string_view path,
                    std::string_view body, std::string_view type) {
  const int fd = connect_to(socket);
  if (fd < 0) return {};
  std::string request = std::string(method) + " " + std::string(path) +
                        " HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n";
  if (!body.empty()) request += "Content-Type: " + std::string(type) + "\r\n";
  const bool sent = send_all(fd, request + "\r\n") && send_all(fd, body);
  const std::string text = sent ? read_all(fd) : "";
  close(fd);
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  HttpAnswer answer{std::atoi(text.c_str() + strlen("HTTP/1.1 ")), text.substr(end + 4)};
  if (strcasestr(text.substr(0, end).c_str(), "\r\ntransfer-encoding: chunked"))
    answer.body = without_chunks(answer.body);
  return answer;
}

}  // namespace engine::test
