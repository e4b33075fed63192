// What containers write and what is copied out of them, taken apart piece by piece.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "plugins/docker/frames.h"
#include "plugins/docker/tar_writer.h"
#include "plugins/docker/unpacking.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using docker::FrameReader;
using docker::Stream;
namespace fs = std::filesystem;

namespace {

std::string frame(char stream, const std::string& payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  std::string out = {stream, 0, 0, 0};
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((size >> shift) & 0xff);
  return out + payload;
}

struct Streams {
  std::string out, err;
  FrameReader reader{false};
  bool feed(std::string_view piece) {
    return reader.feed(piece, [this](Stream stream, std::string_view bytes) {
      (stream == Stream::out ? out : err) += bytes;
    });
  }
};

std::string archive_of(docker::TarWriter& writer) {
  std::string archive;
  while (true) {
    auto piece = writer.next();
    REQUIRE(piece.has_value());
    if (piece->empty()) return archive;
    archive += *piece;
  }
}

Result<void> unpack(const std::string& archive, const std::string& to, size_t piece = 1000,
                    uint64_t most = 1 << 30) {
  docker::Unpacking unpacking(to, most);
  docker::TarReader reader;
  for (size_t at = 0; at < archive.size(); at += piece) {
    auto fed = reader.feed(std::string_view(archive).substr(at, piece), unpacking);
    if (!fed) return fed;
  }
  CHECK(reader.whole());
  return {};
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One entry without any content, with whatever a malicious archive says.
std::string entry(const std::string& name, char type, const std::string& link = "") {
  docker::TarWriter writer("x", "", 0644);
  std::string block = archive_of(writer).substr(0, 512);
  std::fill_n(block.begin(), 100, '\0');
  std::copy(name.begin(), name.end(), block.begin());
  block[156] = type;
  std::copy(link.begin(), link.end(), block.begin() + 157);
  std::fill_n(block.begin() + 148, 8, ' ');
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  std::copy_n(text, 7, block.begin() + 148);
  return block;
}

}  // namespace

TEST_CASE("frames are read wherever they are cut", "[docker]") {
  const std::string bytes = frame(1, "out\n") + frame(2, "") + frame(2, std::string("e\0r", 3)) +
                            frame(0, "in") + frame(1, std::string(70'000, 'x'));
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{8}, size_t{9}, bytes.size()}) {
    Streams seen;
    for (size_t at = 0; at < bytes.size(); at += piece) CHECK(seen.feed(bytes.substr(at, piece)));
    CHECK(seen.out == "out\nin" + std::string(70'000, 'x'));
    CHECK(seen.err == std::string("e\0r", 3));
    CHECK(seen.reader.whole());
  }
}

TEST_CASE("what is no frame ends the reading and a cut one is not whole", "[docker]") {
  Streams broken;
  CHECK_FALSE(broken.feed(frame(1, "a") + "HTTP/1.1 200"));
  CHECK_FALSE(broken.feed(frame(1, "b")));
  CHECK(broken.out == "a");
  CHECK_FALSE(broken.reader.whole());

  Streams cut;
  CHECK(cut.feed(frame(1, "abc").substr(0, 10)));
  CHECK(cut.out == "ab");
  CHECK_FALSE(cut.reader.whole());
}

TEST_CASE("a terminal writes one stream without frames", "[docker]") {
  std::string out;
  FrameReader reader(true);
  reader.feed("\x01\x02 raw", [&](Stream, std::string_view bytes) { out += bytes; });
  CHECK(out == "\x01\x02 raw");
  CHECK(reader.whole());
}

TEST_CASE("the newest bytes are kept and begin with a whole line", "[docker]") {
  docker::Tail tail(16);
  for (const char* line : {"first line\n", "second\n", "third\n", "4\n"}) tail.append(line);
  CHECK(tail.total() == 26);
  CHECK(tail.truncated());
  CHECK(tail.take() == "second\nthird\n4\n");

  docker::Tail all(16);
  all.append("whole");
  CHECK_FALSE(all.truncated());
  CHECK(all.take() == "whole");

  docker::Tail large(4);
  large.append("one piece that is larger \xC3\xA9t\xC3\xA9");
  CHECK(large.take() == "t\xC3\xA9");
}

TEST_CASE("the oldest bytes are kept and do not end within a sign", "[docker]") {
  docker::Head head(4);
  head.append("abc");
  head.append("\xC3\xA9 more");
  CHECK(head.truncated());
  CHECK(head.take() == "abc");
}

TEST_CASE("a folder goes into an archive and comes out of it as it was", "[docker]") {
  const TemporaryFolder folder;
  const fs::path from = fs::path(folder.path()) / "from", to = fs::path(folder.path()) / "to";
  const std::string deep = std::string(90, 'd') + "/" + std::string(120, 'n') + " \xC3\xBC";
  fs::create_directories((from / deep).parent_path());
  std::ofstream(from / deep) << "deep";
  std::ofstream(from / "empty").close();
  std::ofstream(from / "large") << std::string(700'001, 'L');
  fs::permissions(from / "large", fs::perms(0640));
  fs::create_symlink("/etc/passwd", from / "link");

  auto writer = docker::TarWriter::of(from, "base");
  REQUIRE(writer.has_value());
  const std::string archive = archive_of(**writer);
  for (const size_t piece : {size_t{511}, size_t{65536}}) {
    fs::remove_all(to);
    REQUIRE(unpack(archive, to, piece).has_value());
    CHECK(content(to / deep) == "deep");
    CHECK(content(to / "empty").empty());
    CHECK(content(to / "large") == std::string(700'001, 'L'));
    CHECK((fs::status(to / "large").permissions() == fs::perms(0640)));
    CHECK(fs::read_symlink(to / "link") == "/etc/passwd");
  }
  CHECK((*writer)->files() == 3);
}

TEST_CASE("nothing of an archive lies outside the folder it is unpacked into", "[docker]") {
  const TemporaryFolder folder;
  const fs::path to = fs::path(folder.path()) / "to", outside = fs::path(folder.path()) / "outside";
  fs::create_directories(outside);
  const std::string root = entry("base/", '5');
  const auto code_of = [&](const std::string& archive) {
    const auto done = unpack(archive, to);
    return done ? std::string("ok") : done.error().code;
  };

  CHECK(code_of(root + entry("base/../x", '0')) == "FAILED");
  CHECK(code_of(root + entry("/etc/x", '0')) == "FAILED");
  CHECK(code_of(root + entry("other/x", '0')) == "FAILED");
  CHECK(code_of(root + entry("base/a", '2', outside.string()) + entry("base/a/x", '0')) ==
        "FAILED");
  CHECK(code_of(root + entry("base/h", '1', "../outside")) == "FAILED");
  CHECK(code_of(root + entry("base/device", '3') + entry("base/x", '0')) == "ok");
  CHECK(code_of("no archive" + std::string(2000, 'x')) == "FAILED");
  CHECK(fs::is_empty(outside));
  CHECK_FALSE(fs::exists(fs::path(folder.path()) / "x"));
  CHECK(fs::exists(to / "x"));
}

TEST_CASE("a file that is not whole does not appear", "[docker]") {
  const TemporaryFolder folder;
  docker::TarWriter writer("f", std::string(5000, 'f'), 0600);
  const std::string archive = archive_of(writer);
  const std::string to = fs::path(folder.path()) / "file";
  {
    docker::Unpacking unpacking(to, 1 << 20);
    docker::TarReader reader;
    REQUIRE(reader.feed(std::string_view(archive).substr(0, 3000), unpacking).has_value());
    CHECK_FALSE(reader.whole());
  }
  CHECK(fs::is_empty(folder.path()));
  CHECK(unpack(archive, to, 1000, 4999).error().code == "RESOURCE_EXHAUSTED");
  REQUIRE(unpack(archive, to).has_value());
  CHECK(content(to) == std::string(5000, 'f'));
}
