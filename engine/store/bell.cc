// A socket's address holds 107 bytes and a folder's path may be longer, so that the socket is
// reached through the folder's open descriptor.
#include "engine/store/bell.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "engine/base/files.h"

namespace engine::store {
namespace {

constexpr const char* kFolder = "/bells";

sockaddr_un address_of(const Fd& folder, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + name;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

Fd open_folder(const std::string& folder) {
  return Fd(::open((folder + kFolder).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::vector<int64_t> epochs_in(const std::string& folder) {
  std::vector<int64_t> found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder + kFolder, failed)) {
    const std::string name = entry.path().filename();
    int64_t epoch = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), epoch);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size()) found.push_back(epoch);
  }
  return found;
}

// Those of processes that were killed.
void remove_dead(const std::string& folder, const std::function<bool(int64_t epoch)>& is_alive) {
  std::error_code failed;
  for (const int64_t epoch : epochs_in(folder)) {
    if (!is_alive(epoch))
      std::filesystem::remove(folder + kFolder + "/" + std::to_string(epoch), failed);
  }
}

}  // namespace

Bell::Bell(Fd folder, Fd socket, std::string name, std::function<void()> rung)
    : folder_(std::move(folder)),
      socket_(std::move(socket)),
      name_(std::move(name)),
      rung_(std::move(rung)) {}

Bell::~Bell() {
  poll_.reset();
  unlinkat(folder_.get(), name_.c_str(), 0);
}

Result<std::unique_ptr<Bell>> Bell::open(Loop& loop, const std::string& folder, int64_t epoch,
                                         const std::function<bool(int64_t epoch)>& is_alive,
                                         std::function<void()> rung) {
  mkdir((folder + kFolder).c_str(), 0700);
  remove_dead(folder, is_alive);
  Fd place = open_folder(folder);
  if (!place) return fail(errno_error(errno, "cannot open '" + folder + kFolder + "'"));
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const std::string name = std::to_string(epoch);
  const sockaddr_un address = address_of(place, name);
  if (!socket ||
      bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(errno_error(errno, "cannot listen in '" + folder + kFolder + "'"));
  std::unique_ptr<Bell> bell(new Bell(std::move(place), std::move(socket), name, std::move(rung)));
  auto poll = Poll::open(loop, bell->socket_.get(), [it = bell.get()](unsigned) { it->heard(); });
  if (!poll) return fail(poll.error());
  bell->poll_ = std::move(*poll);
  bell->poll_->watch(Poll::kReadable);
  bell->poll_->keeps_loop(false);
  return bell;
}

void Bell::heard() {
  char ring;
  while (recv(socket_.get(), &ring, sizeof ring, 0) >= 0) {
  }
  rung_();  // may destroy this
}

// A bell that cannot take more rings will be heard all the same.
bool Bell::ring(const std::string& folder, int64_t epoch) {
  const Fd place = open_folder(folder);
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!place || !socket) return false;
  const sockaddr_un address = address_of(place, std::to_string(epoch));
  const ssize_t sent = sendto(socket.get(), "!", 1, MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return sent == 1 || errno == EAGAIN || errno == EWOULDBLOCK;
}

void Bell::ring_all(const std::string& folder) {
  for (const int64_t epoch : epochs_in(folder)) ring(folder, epoch);
}

}  // namespace engine::store
