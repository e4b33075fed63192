// The framing of containers' output and the tar archives of copies: however the bytes are cut into
// pieces, what comes out is the same, and it is what a plain reading of the whole says.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/docker/frames.h"
#include "plugins/docker/tar_reader.h"

using namespace engine;
using docker::FrameReader;
using docker::Stream;

static void check(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  std::string out, err;
  bool whole = false;
  bool operator==(const Seen&) const = default;
};

static Seen read_in_pieces(std::string_view bytes, std::string_view cuts) {
  Seen seen;
  FrameReader reader(false);
  size_t cut = 0;
  while (!bytes.empty()) {
    const size_t size =
        cuts.empty() ? bytes.size() : 1 + static_cast<unsigned char>(cuts[cut++ % cuts.size()]);
    const std::string piece(bytes.substr(0, size));
    bytes.remove_prefix(piece.size());
    reader.feed(piece, [&](Stream stream, std::string_view payload) {
      (stream == Stream::out ? seen.out : seen.err) += payload;
    });
  }
  seen.whole = reader.whole();
  return seen;
}

// The same, of the whole at once and without a state.
static Seen read_whole(std::string_view bytes) {
  Seen seen;
  while (bytes.size() >= 8) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(bytes[at]); };
    if (byte(0) > 2 || byte(1) || byte(2) || byte(3)) return seen;
    const size_t size = (size_t{byte(4)} << 24) | (size_t{byte(5)} << 16) | (size_t{byte(6)} << 8) |
                        size_t{byte(7)};
    const std::string_view payload = bytes.substr(8, size);
    (byte(0) == 2 ? seen.err : seen.out) += payload;
    if (payload.size() < size) return seen;
    bytes.remove_prefix(8 + size);
  }
  seen.whole = bytes.empty();
  return seen;
}

// Everything that a reading of an archive tells, as one text.
struct Teller final : docker::TarSink {
  Result<void> begin(const docker::TarEntry& entry) override {
    told += "\n" + entry.name + ">" + entry.link + entry.type + std::to_string(entry.size) + ":";
    return {};
  }
  Result<void> data(std::string_view bytes) override {
    told += bytes;
    return {};
  }
  Result<void> end() override {
    told += ".";
    return {};
  }
  std::string told;
};

static std::string unpack(std::string_view bytes, size_t piece) {
  Teller teller;
  docker::TarReader reader;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    if (!reader.feed(bytes.substr(at, piece), teller)) return teller.told + "!";
  }
  return teller.told + (reader.whole() ? "" : "?");
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t cuts = std::min<size_t>(1 + data[0] % 16, size - 1);
  const std::string_view bytes = all.substr(cuts);

  const Seen seen = read_whole(bytes);
  check(read_in_pieces(bytes, all.substr(1, cuts - 1)) == seen);
  check(read_in_pieces(bytes, "") == seen);

  const size_t limit = 1 + data[0];
  docker::Tail tail(limit);
  docker::Head head(limit);
  for (size_t at = 0; at < bytes.size(); at += cuts) {
    tail.append(bytes.substr(at, cuts));
    head.append(bytes.substr(at, cuts));
  }
  check(tail.total() == bytes.size() && tail.truncated() == (bytes.size() > limit));
  check(bytes.ends_with(tail.take()) && bytes.starts_with(head.take()));

  check(unpack(bytes, bytes.size()) == unpack(bytes, cuts));
  return 0;
}
