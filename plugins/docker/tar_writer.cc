// POSIX ustar; what does not fit its fields is said by GNU's long names and base-256 sizes, which
// Docker reads.
#include "plugins/docker/tar_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace engine::docker {

namespace {

constexpr size_t kBlock = 512, kPiece = 256 << 10;
constexpr size_t kNameMax = 100;

void put_octal(char* field, size_t size, uint64_t value) {
  std::snprintf(field, size, "%0*llo", static_cast<int>(size - 1),
                static_cast<unsigned long long>(value));
}

void put_size(char* field, uint64_t value) {
  if (value < (1ULL << 33)) return put_octal(field, 12, value);
  std::memset(field, 0, 12);
  field[0] = static_cast<char>(0x80);
  for (int i = 11; value > 0; --i, value >>= 8) field[i] = static_cast<char>(value & 0xff);
}

std::string block_of(std::string_view name, char type, uint64_t size, unsigned mode, int64_t mtime,
                     std::string_view link) {
  char block[kBlock] = {};
  std::memcpy(block, name.data(), std::min(name.size(), kNameMax));
  put_octal(block + 100, 8, mode & 07777U);
  put_octal(block + 108, 8, 0);
  put_octal(block + 116, 8, 0);
  put_size(block + 124, size);
  put_octal(block + 136, 12, static_cast<uint64_t>(std::max<int64_t>(0, mtime)));
  std::memset(block + 148, ' ', 8);
  block[156] = type;
  std::memcpy(block + 157, link.data(), std::min(link.size(), kNameMax));
  std::memcpy(block + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put_octal(block + 148, 7, sum);
  return {block, kBlock};
}

size_t padding_of(uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

std::string header_of(const std::string& name, char type, uint64_t size, unsigned mode,
                      int64_t mtime, const std::string& link = {}) {
  std::string out;
  const auto add_long = [&out](const std::string& text, char kind) {
    if (text.size() <= kNameMax) return;
    out += block_of("././@LongLink", kind, text.size() + 1, 0, 0, "") + text;
    out.append(1 + padding_of(text.size() + 1), '\0');
  };
  add_long(name, 'L');
  add_long(link, 'K');
  return out + block_of(name, type, size, mode, mtime, link);
}

}  // namespace

TarWriter::TarWriter(std::string name, std::string bytes, unsigned mode) {
  ready_ = header_of(name, '0', bytes.size(), mode, time(nullptr)) + bytes;
  ready_.append(padding_of(bytes.size()), '\0');
  bytes_ = bytes.size();
  files_ = 1;
  started_ = true;
}

TarWriter::~TarWriter() {
  if (fd_ >= 0) close(fd_);
}

Result<std::unique_ptr<TarWriter>> TarWriter::of(const std::string& path, std::string name) {
  std::unique_ptr<TarWriter> writer(new TarWriter);
  struct stat seen {};
  // The path itself may be a link; what is below it is taken as it is.
  if (stat(path.c_str(), &seen) != 0) return fail(errno_error(errno, "cannot read " + path));
  std::error_code problem;
  if (S_ISDIR(seen.st_mode)) {
    writer->at_ = std::filesystem::recursive_directory_iterator(path, problem);
    if (problem) return fail(errno_error(problem.value(), "cannot read " + path));
  } else if (!S_ISREG(seen.st_mode)) {
    return fail(code::kInvalidArgument, path + " is neither a file nor a folder");
  }
  writer->root_ = path;
  writer->name_ = std::move(name);
  return writer;
}

Result<void> TarWriter::begin(const std::string& path, const std::string& name) {
  struct stat seen {};
  const bool root = &path == &root_;
  if ((root ? stat : lstat)(path.c_str(), &seen) != 0) {
    return fail(errno_error(errno, "cannot read " + path));
  }
  const int64_t mtime = seen.st_mtim.tv_sec;
  if (S_ISDIR(seen.st_mode)) {
    ready_ += header_of(name + "/", '5', 0, seen.st_mode, mtime);
  } else if (S_ISLNK(seen.st_mode)) {
    std::error_code problem;
    const std::string target = std::filesystem::read_symlink(path, problem).string();
    if (!problem) ready_ += header_of(name, '2', 0, 0777, mtime, target);
  } else if (S_ISREG(seen.st_mode)) {
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (root ? 0 : O_NOFOLLOW));
    if (fd_ < 0 || fstat(fd_, &seen) != 0) return fail(errno_error(errno, "cannot read " + path));
    path_ = path;
    left_ = static_cast<uint64_t>(seen.st_size);
    padding_ = padding_of(left_);
    bytes_ += left_;
    ++files_;
    ready_ += header_of(name, '0', left_, seen.st_mode, mtime);
  }
  return {};
}

Result<void> TarWriter::begin_next() {
  if (!started_) {
    started_ = true;
    return begin(root_, name_);
  }
  if (at_ == std::filesystem::recursive_directory_iterator()) {
    if (!ended_) ready_.append(2 * kBlock, '\0');
    ended_ = true;
    return {};
  }
  const std::string path = at_->path().string();
  if (auto begun = begin(path, name_ + path.substr(root_.size())); !begun) return begun;
  std::error_code problem;
  at_.increment(problem);
  if (problem) return fail(errno_error(problem.value(), "cannot read " + path));
  return {};
}

// What its header promised, whatever became of the file meanwhile.
Result<void> TarWriter::read_file(std::string& into) {
  const size_t before = into.size();
  const size_t wanted = std::min<uint64_t>(left_, kPiece);
  into.resize(before + wanted);
  const ssize_t got = read(fd_, into.data() + before, wanted);
  if (got < 0) return fail(errno_error(errno, "cannot read " + path_));
  if (got == 0) std::memset(into.data() + before, 0, wanted);
  const size_t taken = got == 0 ? wanted : static_cast<size_t>(got);
  into.resize(before + taken);
  left_ -= taken;
  if (left_ > 0) return {};
  into.append(padding_, '\0');
  close(std::exchange(fd_, -1));
  return {};
}

Result<std::string> TarWriter::next() {
  while (ready_.size() < kPiece && !ended_) {
    const Result<void> made = fd_ >= 0 && left_ > 0 ? read_file(ready_) : begin_next();
    if (!made) return fail(made.error());
    if (fd_ >= 0 && left_ == 0) close(std::exchange(fd_, -1));  // an empty file
  }
  return std::exchange(ready_, {});
}

}  // namespace engine::docker
