// Pipes, polled; plain read and write need no buffers handed to and fro.
#include "engine/loop/stream.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <vector>

namespace engine {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;
// Chunks taken in one turn, so that one talkative child does not keep the loop from the others.
constexpr int kChunksPerTurn = 4;
// A child that dies may leave this many in a pipe, which a user can have enlarged.
constexpr int kChunksPerDrain = 256;

}  // namespace

void OutputStream::start(Loop& loop, Fd fd, Chunk chunk, Ended ended) {
  fd_ = std::move(fd);
  chunk_ = std::move(chunk);
  ended_ = std::move(ended);
  poll_.reset(new uv_poll_t);
  uv_poll_init(loop.uv(), poll_.get(), fd_.get());
  poll_->data = this;
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* poll, int, int) noexcept {
    auto* self = static_cast<OutputStream*>(poll->data);
    if (self->read_some(kChunksPerTurn)) return;
    self->close();
    Ended ended = std::move(self->ended_);
    ended();  // may destroy this
  });
}

void OutputStream::close() {
  poll_.reset();
  fd_.reset();
}

void OutputStream::drain() {
  if (fd_ && !read_some(kChunksPerDrain)) close();
}

bool OutputStream::read_some(int times) {
  // One buffer for all: nothing keeps it beyond a turn.
  static thread_local std::vector<char> buffer(kChunkBytes);
  while (times-- > 0) {
    const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const std::string_view text(buffer.data(), static_cast<size_t>(got));
    bytes_ += text.size();
    kept_.append(text, 0, bytes_max_ - std::min(bytes_max_, kept_.size()));
    if (chunk_) chunk_(text);
  }
  return true;
}

void InputStream::start(Loop& loop, Fd fd, std::string text) {
  fd_ = std::move(fd);
  text_ = std::move(text);
  fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
  // What fits into the pipe at once needs no poll.
  if (!write_some()) return close();
  poll_.reset(new uv_poll_t);
  uv_poll_init(loop.uv(), poll_.get(), fd_.get());
  poll_->data = this;
  uv_poll_start(poll_.get(), UV_WRITABLE, [](uv_poll_t* poll, int status, int) noexcept {
    auto* self = static_cast<InputStream*>(poll->data);
    if (status < 0 || !self->write_some()) self->close();
  });
}

void InputStream::close() {
  poll_.reset();
  fd_.reset();
  text_.clear();
}

bool InputStream::write_some() {
  while (written_ < text_.size()) {
    const ssize_t wrote = write(fd_.get(), text_.data() + written_, text_.size() - written_);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno == EAGAIN;
    written_ += static_cast<size_t>(wrote);
  }
  return false;
}

}  // namespace engine
