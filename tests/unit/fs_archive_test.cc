// Archives made, listed and extracted; and those that were made to reach outside.
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
namespace files = std::filesystem;

namespace {

// One entry of a tar archive, byte by byte: what no honest program would write.
struct Raw {
  std::string name;
  char type = '0';
  std::string content = {};
  std::string link = {};
};

std::string tar_of(const std::vector<Raw>& entries) {
  std::string out;
  for (const Raw& entry : entries) {
    char header[512] = {};
    entry.name.copy(header, 100);
    std::snprintf(header + 100, 8, "%07o", entry.type == '5' ? 0755 : 0644);
    std::snprintf(header + 108, 8, "%07o", 0);
    std::snprintf(header + 116, 8, "%07o", 0);
    std::snprintf(header + 124, 12, "%011zo", entry.content.size());
    std::snprintf(header + 136, 12, "%011o", 1'600'000'000);
    header[156] = entry.type;
    entry.link.copy(header + 157, 100);
    std::memcpy(header + 257,
                "ustar\0"
                "00",
                8);
    std::memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header + 148, 8, "%06o", sum);
    out.append(header, sizeof header);
    out += entry.content;
    out.append((512 - entry.content.size() % 512) % 512, '\0');
  }
  return out + std::string(1024, '\0');
}

struct ArchiveWorld : PluginFixture {
  TemporaryFolder folder;
  std::string at(const std::string& name) const { return folder.path() + "/" + name; }
  void put(const std::string& name, const std::string& text) const {
    files::create_directories(files::path(at(name)).parent_path());
    std::ofstream(at(name)) << text;
  }
  std::string content(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(at(name)).rdbuf();
    return text.str();
  }
  std::string ends(const std::string& path, const std::string& into,
                   const std::string& more = "") const {
    return "{\"path\":\"" + at(path) + "\",\"into\":\"" + at(into) + "\"" + more + "}";
  }
  std::string extract_code(const std::vector<Raw>& entries, const std::string& more = "") {
    put("evil.tar", tar_of(entries));
    const std::string outcome = code("fs.archive.extract", ends("evil.tar", "out", more));
    if (outcome != "none") CHECK_FALSE(files::exists(at("out")));
    // Nothing is left beside it.
    for (const auto& entry : files::directory_iterator(folder.path())) {
      CHECK((entry.path() == at("evil.tar") || entry.path() == at("out")));
    }
    files::remove_all(at("out"));
    return outcome;
  }
};

}  // namespace

TEST_CASE_METHOD(ArchiveWorld, "a folder comes out of an archive as it went in", "[fs]") {
  put("tree/a.txt", "alpha");
  put("tree/deep/ünïcode name", std::string(300'000, 'x'));
  put("tree/deep/run.sh", "#!/bin/sh\n");
  chmod(at("tree/deep/run.sh").c_str(), 0750);
  files::create_directory(at("tree/empty"));
  files::create_symlink("deep/run.sh", at("tree/link"));
  const timeval times[2] = {{1'500'000'000, 0}, {1'500'000'000, 0}};
  utimes(at("tree/a.txt").c_str(), times);
  utimes(at("tree/deep").c_str(), times);
  chmod(at("tree/empty").c_str(), 0555);

  const std::string name = GENERATE("t.tar.gz", "t.tar");
  const auto made = answer("fs.archive.create", ends("tree", name));
  const auto out = answer("fs.archive.extract", ends(name, "out"));

  CHECK(made.integer("/entries") == 7);
  CHECK(made.integer("/bytes") == 300'015);
  CHECK((made.integer("/size") < 100'000) == (name == "t.tar.gz"));
  CHECK(out.integer("/entries") == 7);
  CHECK(out.integer("/bytes") == 300'015);
  CHECK(content("out/tree/a.txt") == "alpha");
  CHECK(content("out/tree/deep/ünïcode name").size() == 300'000);
  CHECK(files::read_symlink(at("out/tree/link")) == "deep/run.sh");
  struct stat found {};
  stat(at("out/tree/deep/run.sh").c_str(), &found);
  CHECK((found.st_mode & 07777) == 0750);
  stat(at("out/tree/empty").c_str(), &found);
  CHECK((found.st_mode & 07777) == 0555);
  stat(at("out/tree/a.txt").c_str(), &found);
  CHECK(found.st_mtime == 1'500'000'000);
  stat(at("out/tree/deep").c_str(), &found);
  CHECK(found.st_mtime == 1'500'000'000);
}

TEST_CASE_METHOD(ArchiveWorld, "an archive is listed, in part where that is asked", "[fs]") {
  put("tree/a.txt", "alpha");
  files::create_symlink("a.txt", at("tree/link"));
  answer("fs.archive.create", ends("tree", "t.tgz"));

  const auto all = answer("fs.archive.list", "{\"path\":\"" + at("t.tgz") + "\"}");
  const auto one = answer("fs.archive.list", "{\"path\":\"" + at("t.tgz") + "\",\"limit\":1}");

  CHECK(all.integer("/count") == 3);
  CHECK(all.text("/entries/0/type") == "directory");
  CHECK(all.text("/entries/1/name") == "tree/a.txt");
  CHECK(all.integer("/entries/1/size") == 5);
  CHECK(all.text("/entries/2/target") == "a.txt");
  CHECK_FALSE(all.boolean("/truncated"));
  CHECK(one.integer("/count") == 1);
  CHECK(one.boolean("/truncated"));
}

TEST_CASE_METHOD(ArchiveWorld, "an archive may lie in the folder that it is made of", "[fs]") {
  put("tree/a.txt", "alpha");
  CHECK(answer("fs.archive.create", ends("tree", "tree/self.tar.gz")).integer("/entries") == 2);
  CHECK(code("fs.archive.create", ends("tree", "tree/self.tar.gz")) == "ALREADY_EXISTS");
  CHECK(code("fs.archive.create", ends("tree", "tree/self.tar.gz", ",\"overwrite\":true")) ==
        "none");
  CHECK(code("fs.archive.create", ends("nothing", "n.tar")) == "NOT_FOUND");
}

TEST_CASE_METHOD(ArchiveWorld, "no entry of an archive leaves the folder", "[fs]") {
  const std::string refused = "PERMISSION_DENIED";
  CHECK(extract_code({{"../evil", '0', "x"}}) == refused);
  CHECK(extract_code({{"a/../../evil", '0', "x"}}) == refused);
  CHECK(extract_code({{"/tmp/evil", '0', "x"}}) == refused);
  CHECK(extract_code({{"link", '2', "", "/etc"}}) == refused);
  CHECK(extract_code({{"link", '2', "", "../outside"}}) == refused);
  CHECK(extract_code({{"a/link", '2', "", "../../outside"}}) == refused);
  CHECK(extract_code({{"dot", '2', "", "."}, {"link", '2', "", "dot/../x"}}) == refused);
  CHECK(extract_code({{"a", '2', "", "b"}, {"a/evil", '0', "x"}}) == refused);
  CHECK(extract_code({{"hard", '1', "", "/etc/passwd"}}) == refused);
  CHECK(extract_code({{"hard", '1', "", "../evil.tar"}}) == refused);
  CHECK(extract_code({{"hard", '1', "", "missing"}}) == refused);
  CHECK(extract_code({{"soft", '2', "", "x"}, {"hard", '1', "", "soft"}}) == refused);
  CHECK(extract_code({{"device", '3'}}) == refused);
  CHECK(extract_code({{"pipe", '6'}}) == refused);
  CHECK(extract_code({{"a/link", '2', "", "../b"}, {"b", '0', "x"}}) == "none");
}

TEST_CASE_METHOD(ArchiveWorld, "links inside the folder and second entries are taken", "[fs]") {
  put("good.tar", tar_of({{"a", '0', "old"}, {"a", '0', "new"}, {"d/b", '1', "", "a"}}));
  answer("fs.archive.extract", ends("good.tar", "out"));
  CHECK(content("out/a") == "new");
  CHECK(content("out/d/b") == "new");
}

TEST_CASE_METHOD(ArchiveWorld, "an archive beyond the limits is not extracted", "[fs]") {
  const std::vector<Raw> two = {{"a", '0', std::string(1000, 'x')}, {"b", '0', "x"}};
  CHECK(extract_code(two, ",\"size_limit\":1000") == "RESOURCE_EXHAUSTED");
  CHECK(extract_code(two, ",\"entries_limit\":1") == "RESOURCE_EXHAUSTED");
  CHECK(extract_code(two, ",\"size_limit\":1001,\"entries_limit\":2") == "none");
}

TEST_CASE_METHOD(ArchiveWorld, "a damaged archive and a folder with content are refused", "[fs]") {
  put("noise.tar.gz", "this is no archive");
  CHECK(code("fs.archive.extract", ends("noise.tar.gz", "out")) == "FAILED");
  const std::string whole = tar_of({{"a", '0', std::string(5000, 'x')}});
  put("cut.tar", whole.substr(0, 2000));
  CHECK(code("fs.archive.extract", ends("cut.tar", "out")) == "FAILED");
  CHECK_FALSE(files::exists(at("out")));
  put("good.tar", whole);
  put("full/file", "mine");
  CHECK(code("fs.archive.extract", ends("good.tar", "full")) == "ALREADY_EXISTS");
  CHECK(content("full/file") == "mine");
  files::create_directory(at("empty"));
  CHECK(code("fs.archive.extract", ends("good.tar", "empty")) == "none");
  CHECK(code("fs.archive.list", "{\"path\":\"" + folder.path() + "\"}") == "INVALID_ARGUMENT");
}
