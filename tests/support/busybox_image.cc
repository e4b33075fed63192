// Written as ustar by hand: a test needs no more of tar than that.
#include "tests/support/busybox_image.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <vector>

namespace engine::test {

namespace {

const char* const kBusybox = "/usr/bin/busybox";

std::vector<std::string> applets() {
  std::vector<std::string> names;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen("/usr/bin/busybox --list", "re"), pclose);
  char line[256];
  while (pipe && fgets(line, sizeof line, pipe.get())) {
    line[strcspn(line, "\n")] = '\0';
    if (std::string(line) != "busybox") names.emplace_back(line);
  }
  return names;
}

template <size_t size>
void put(char (&field)[size], const std::string& text) {
  text.copy(field, size);
}

struct Header {
  char name[100], mode[8], uid[8], gid[8], size[12], time[12], sum[8], type, target[100], magic[8],
      rest[247];
};
static_assert(sizeof(Header) == 512);

std::string octal(unsigned long value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*lo", digits, value);
  return text;
}

}  // namespace

std::string tar_member(const std::string& name, char type, unsigned mode,
                       const std::string& content, const std::string& target) {
  Header header{};
  put(header.name, name);
  put(header.mode, octal(mode, 7));
  put(header.uid, octal(0, 7));
  put(header.gid, octal(0, 7));
  put(header.size, octal(content.size(), 11));
  put(header.time, octal(1600000000, 11));
  put(header.sum, "        ");
  header.type = type;
  put(header.target, target);
  std::memcpy(header.magic, "ustar\00000", 8);
  unsigned sum = 0;
  for (const unsigned char byte : std::string_view(reinterpret_cast<char*>(&header), 512))
    sum += byte;
  put(header.sum, octal(sum, 6) + std::string("\0 ", 2));
  std::string member(reinterpret_cast<char*>(&header), 512);
  member += content;
  member.resize((member.size() + 511) / 512 * 512);
  return member;
}

std::string busybox_tar() {
  std::ifstream file(kBusybox, std::ios::binary);
  const std::string program{std::istreambuf_iterator<char>(file), {}};
  if (program.empty()) return "";
  std::string tar;
  for (const char* folder : {"bin/", "etc/", "proc/", "sys/", "dev/", "root/", "usr/", "var/"})
    tar += tar_member(folder, '5', 0755, "");
  tar += tar_member("tmp/", '5', 01777, "");
  tar += tar_member("bin/busybox", '0', 0755, program);
  for (const std::string& name : applets())
    tar += tar_member("bin/" + name, '2', 0777, "", "busybox");
  tar += tar_member("sbin", '2', 0777, "", "bin");
  tar += tar_member("usr/bin", '2', 0777, "", "../bin");
  tar += tar_member("etc/passwd", '0', 0644, "root:x:0:0:root:/root:/bin/sh\n");
  tar += tar_member("etc/group", '0', 0644, "root:x:0:\n");
  return tar + std::string(1024, '\0');
}

}  // namespace engine::test
