// ustar with the extensions of GNU (L, K, base-256) and POSIX (x); what is global (g) says nothing
// that we need.
#include "plugins/docker/tar_reader.h"

#include <charconv>

namespace engine::docker {

namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kMetaMax = 1 << 20;

Error no_archive() { return Error(code::kFailed, "what the Docker daemon sent is no tar archive"); }

std::string text_field(std::string_view block, size_t at, size_t size) {
  const std::string_view field = block.substr(at, size);
  return std::string(field.substr(0, field.find('\0')));
}

std::optional<uint64_t> number_field(std::string_view block, size_t at, size_t size) {
  std::string_view field = block.substr(at, size);
  uint64_t value = 0;
  if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) {
    for (const char c : field.substr(size - 8))
      value = (value << 8) | static_cast<unsigned char>(c);
    return value >> 62 ? std::nullopt : std::optional(value);
  }
  while (!field.empty() && (field.front() == ' ' || field.front() == '\0')) field.remove_prefix(1);
  for (const char c : field) {
    if (c < '0' || c > '7') break;
    value = value * 8 + static_cast<unsigned>(c - '0');
  }
  return value;
}

bool checks(std::string_view block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return number_field(block, 148, 8) == sum;
}

}  // namespace

// "LENGTH key=value\n" over and over.
Result<void> TarReader::take_meta() {
  const std::string text = std::exchange(meta_, {});
  if (meta_type_ == 'L') long_name_ = text.substr(0, text.find('\0'));
  if (meta_type_ == 'K') long_link_ = text.substr(0, text.find('\0'));
  std::string_view rest = meta_type_ == 'x' ? std::string_view(text) : std::string_view();
  while (!rest.empty()) {
    size_t length = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const size_t digits = static_cast<size_t>(read.ptr - rest.data());
    if (read.ec != std::errc() || length < digits + 3 || length > rest.size()) {
      return fail(no_archive());
    }
    const std::string_view pair = rest.substr(digits + 1, length - digits - 2);
    rest.remove_prefix(length);
    const size_t equals = pair.find('=');
    if (equals == pair.npos) return fail(no_archive());
    const std::string_view key = pair.substr(0, equals), value = pair.substr(equals + 1);
    if (key == "path") long_name_ = value;
    if (key == "linkpath") long_link_ = value;
    if (key == "size") {
      uint64_t size = 0;
      std::from_chars(value.data(), value.data() + value.size(), size);
      if (size >> 62) return fail(no_archive());
      long_size_ = size;
    }
  }
  meta_type_ = 0;
  return {};
}

Result<void> TarReader::take_header(TarSink& sink) {
  const std::string block = std::exchange(held_, {});
  if (block.find_first_not_of('\0') == block.npos) return {};  // the end, or what fills it up
  const auto size = number_field(block, 124, 12);
  if (!checks(block) || !size) return fail(no_archive());
  const char type = block[156] == '\0' ? '0' : block[156];
  left_ = *size;
  if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
    if (left_ > kMetaMax) return fail(no_archive());
    meta_type_ = type;
    padding_ = (kBlock - left_ % kBlock) % kBlock;
    return left_ == 0 ? take_meta() : Result<void>();
  }
  entry_ = {.name = text_field(block, 0, 100), .link = text_field(block, 157, 100), .type = type};
  const std::string prefix = block.substr(257, 6) == std::string("ustar\0", 6)
                                 ? text_field(block, 345, 155)
                                 : std::string();
  if (!prefix.empty()) entry_.name = prefix + "/" + entry_.name;
  if (!long_name_.empty()) entry_.name = std::exchange(long_name_, {});
  if (!long_link_.empty()) entry_.link = std::exchange(long_link_, {});
  left_ = std::exchange(long_size_, std::nullopt).value_or(left_);
  // Only files have data, whatever a header says.
  if (type != '0' && type != '7') left_ = 0;
  entry_.size = left_;
  entry_.mode = static_cast<unsigned>(number_field(block, 100, 8).value_or(0) & 07777);
  entry_.mtime = static_cast<int64_t>(number_field(block, 136, 12).value_or(0));
  padding_ = (kBlock - left_ % kBlock) % kBlock;
  if (auto begun = sink.begin(entry_); !begun) return begun;
  open_ = true;
  return left_ == 0 ? finish_entry(sink) : Result<void>();
}

Result<void> TarReader::finish_entry(TarSink& sink) {
  open_ = false;
  return sink.end();
}

Result<void> TarReader::feed(std::string_view piece, TarSink& sink) {
  while (!piece.empty()) {
    if (left_ > 0) {
      const std::string_view part = piece.substr(0, left_);
      piece.remove_prefix(part.size());
      left_ -= part.size();
      if (meta_type_ != 0) {
        meta_ += part;
        if (left_ > 0) continue;
        if (auto taken = take_meta(); !taken) return taken;
        continue;
      }
      if (auto taken = sink.data(part); !taken) return taken;
      if (left_ > 0) continue;
      if (auto ended = finish_entry(sink); !ended) return ended;
    } else if (padding_ > 0) {
      const size_t skipped = std::min(padding_, piece.size());
      padding_ -= skipped;
      piece.remove_prefix(skipped);
    } else {
      const size_t wanted = std::min(kBlock - held_.size(), piece.size());
      held_ += piece.substr(0, wanted);
      piece.remove_prefix(wanted);
      if (held_.size() < kBlock) continue;
      if (auto taken = take_header(sink); !taken) return taken;
    }
  }
  return {};
}

}  // namespace engine::docker
