// How the kernel's text files are read and cut into words.
#include "plugins/host/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <memory>

namespace engine::host {

namespace {
constexpr size_t kTextBytesMax = 64 << 20;  // /proc/net/tcp of a machine with 400,000 sockets
}

Result<std::string> read_text(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(errno_error(errno, "cannot read " + path));
  std::string text;
  char chunk[16384];
  ssize_t count = 0;
  while (text.size() < kTextBytesMax && (count = read(fd, chunk, sizeof chunk)) != 0) {
    if (count > 0) {
      text.append(chunk, static_cast<size_t>(count));
    } else if (errno != EINTR) {
      break;
    }
  }
  const int read_errno = errno;
  close(fd);
  if (count < 0) return fail(errno_error(read_errno, "cannot read " + path));
  return text;
}

std::vector<std::string_view> words(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r";
  std::vector<std::string_view> found;
  for (size_t at = text.find_first_not_of(kBlanks); at < text.size();) {
    const size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    found.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return found;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    found.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

double percent(double part, double whole) {
  if (!(whole > 0)) return 0;
  return std::round(std::max(part, 0.0) / whole * 1000) / 10;
}

std::vector<int> pids(const std::string& proc) {
  std::vector<int> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(proc.c_str()), closedir);
  if (!folder) return found;
  while (const dirent* entry = readdir(folder.get())) {
    if (const auto pid = number(entry->d_name)) found.push_back(static_cast<int>(*pid));
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace engine::host
