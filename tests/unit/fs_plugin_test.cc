// The fs plugin on real folders, with links, swaps and refusals that an operator would want.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "plugins/fs/content.h"
#include "plugins/fs/guard.h"
#include "plugins/fs/listing.h"
#include "plugins/fs/remove.h"
#include "tests/support/catch.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
namespace files = std::filesystem;

namespace {

struct World : PluginFixture {
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
  void age(const std::string& name, int64_t hours) const {
    const int64_t now = time(nullptr);
    const timeval times[2] = {{now - hours * 3600, 0}, {now - hours * 3600, 0}};
    REQUIRE(utimes(at(name).c_str(), times) == 0);
  }
  std::string args(const std::string& name, const std::string& more = "") const {
    return "{\"path\":\"" + at(name) + "\"" + more + "}";
  }
  std::string ends(const std::string& from, const std::string& to,
                   const std::string& more = "") const {
    return "{\"from\":\"" + at(from) + "\",\"to\":\"" + at(to) + "\"" + more + "}";
  }
};

constexpr const char* kRecursive = ",\"recursive\":true";
constexpr const char* kOverwrite = ",\"overwrite\":true";

}  // namespace

TEST_CASE_METHOD(World, "a file is written as a whole and read back", "[fs]") {
  const auto first = answer("fs.write", args("a.txt", R"(,"data":"hello")"));
  const auto second = answer("fs.write", args("a.txt", R"(,"data":"hello again","mode":"600")"));

  CHECK(first.boolean("/created"));
  CHECK_FALSE(second.boolean("/created"));
  const auto read = answer("fs.read", args("a.txt"));
  CHECK(read.text("/data") == "hello again");
  CHECK(read.integer("/size") == 11);
  CHECK_FALSE(read.boolean("/truncated"));
  CHECK(answer("fs.stat", args("a.txt")).text("/mode") == "0600");
  CHECK(std::distance(files::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE_METHOD(World, "a rewritten file keeps its mode", "[fs]") {
  put("script", "old");
  chmod(at("script").c_str(), 0750);
  answer("fs.write", args("script", R"(,"data":"new")"));
  CHECK(answer("fs.stat", args("script")).text("/mode") == "0750");
}

TEST_CASE_METHOD(World, "writing through a link changes the file and keeps the link", "[fs]") {
  put("real/file", "old");
  files::create_symlink("real/file", at("link"));
  answer("fs.write", args("link", R"(,"data":"new")"));
  CHECK(files::is_symlink(at("link")));
  CHECK(content("real/file") == "new");
  files::create_symlink("nothing", at("dangling"));
  CHECK(code("fs.write", args("dangling", R"(,"data":"x")")) == "NOT_FOUND");
}

TEST_CASE_METHOD(World, "a part of a file is read, and the rest announced", "[fs]") {
  put("a", "0123456789");
  const auto part = answer("fs.read", args("a", R"(,"offset":2,"limit":3)"));
  CHECK(part.text("/data") == "234");
  CHECK(part.boolean("/truncated"));
  CHECK(part.integer("/size") == 10);
  CHECK_FALSE(answer("fs.read", args("a", R"(,"offset":7,"limit":3)")).boolean("/truncated"));
  CHECK(answer("fs.read", args("a", R"(,"offset":70)")).text("/data").empty());
}

TEST_CASE_METHOD(World, "the kernel's files, bytes and odd kinds are read or refused", "[fs]") {
  CHECK(answer("fs.read", R"({"path":"/proc/self/stat"})").text("/data").find("(") < 20);
  put("bytes", "\xff\xfe");
  CHECK(answer("fs.read", args("bytes")).text("/data/$bytes") == "//4=");
  REQUIRE(mkfifo(at("pipe").c_str(), 0600) == 0);
  CHECK(code("fs.read", args("pipe")) == "INVALID_ARGUMENT");
  CHECK(code("fs.read", args("")) == "INVALID_ARGUMENT");
  CHECK(code("fs.read", args("missing")) == "NOT_FOUND");
  CHECK(code("fs.read", R"({"path":"relative"})") == "INVALID_ARGUMENT");
  CHECK(code("fs.read", R"({"path":"/tmp/a\u0000b"})") == "INVALID_ARGUMENT");
}

TEST_CASE_METHOD(World, "folders above are made where one asks for it", "[fs]") {
  CHECK(code("fs.write", args("x/y/z", R"(,"data":"1")")) == "NOT_FOUND");
  answer("fs.write", args("x/y/z", R"(,"data":"1","parents":true)"));
  CHECK(content("x/y/z") == "1");
  CHECK(answer("fs.mkdir", args("m")).boolean("/created"));
  CHECK_FALSE(answer("fs.mkdir", args("m")).boolean("/created"));
  CHECK(code("fs.mkdir", args("n/o/p")) == "NOT_FOUND");
  CHECK(answer("fs.mkdir", args("n/o/p/", R"(,"parents":true,"mode":"0700")")).boolean("/created"));
  CHECK(code("fs.mkdir", args("x/y/z")) == "ALREADY_EXISTS");
  CHECK(code("fs.mkdir", args("q", R"(,"mode":"rwx")")) == "INVALID_ARGUMENT");
}

TEST_CASE_METHOD(World, "appending adds at the end and makes the file", "[fs]") {
  CHECK(answer("fs.append", args("log", R"(,"data":"one\n")")).boolean("/created"));
  CHECK(answer("fs.append", args("log", R"(,"data":"two\n")")).integer("/size") == 8);
  CHECK(content("log") == "one\ntwo\n");
}

TEST_CASE_METHOD(World, "a folder is listed by name, and never half", "[fs]") {
  put("b", "22");
  put("a/inner", "1");
  const auto list = answer("fs.list", args(""));
  CHECK(list.list().size() == 2);
  CHECK(list.text("/0/name") == "a");
  CHECK(list.text("/0/type") == "directory");
  CHECK(list.integer("/1/size") == 2);
  CHECK(list.text("/1/path") == files::canonical(at("b")));
  CHECK(code("fs.list", args("", R"(,"limit":1)")) == "RESOURCE_EXHAUSTED");
  CHECK(code("fs.list", args("b")) != "none");
}

TEST_CASE_METHOD(World, "names that are no text travel as bytes", "[fs]") {
  put("\xff", "x");
  const auto list = answer("fs.list", args(""));
  CHECK(list.text("/0/name/$bytes") == "/w==");
  const std::string path = "{\"path\":{\"$bytes\":\"" + base64_encode(at("\xff")) + "\"}}";
  CHECK(answer("fs.read", path).text("/data") == "x");
  CHECK(answer("fs.remove", path).boolean("/changed"));
}

TEST_CASE_METHOD(World, "old files are found, by age, size, name and kind", "[fs]") {
  put("old.tmp", "12345");
  put("new.tmp", "1");
  put("deep/old.log", "123");
  age("old.tmp", 48);
  age("deep/old.log", 48);
  files::create_directory_symlink("/usr", at("elsewhere"));

  const auto find = [&](const std::string& more) { return answer("fs.find", args("", more)); };
  CHECK(find(R"(,"older_than":"1d")").integer("/count") == 2);
  CHECK(find(R"(,"older_than":"1d")").integer("/bytes") == 8);
  CHECK(find(R"(,"older_than":"1d","name":"*.tmp")").text("/entries/0/name") == "old.tmp");
  CHECK(find(R"(,"newer_than":"1d","type":"file")").integer("/count") == 1);
  CHECK(find(R"(,"larger_than":4)").integer("/count") >= 1);
  CHECK(find(R"(,"type":"file","depth":1)").integer("/count") == 2);
  CHECK(find(R"(,"type":"link")").integer("/count") == 1);
  CHECK(find("").integer("/count") == 5);  // nothing of /usr
  CHECK(find(R"(,"limit":2)").boolean("/truncated"));
  CHECK(find(R"(,"limit":5)").boolean("/truncated") == false);
}

TEST_CASE_METHOD(World, "removing tells what went, and nothing there changes nothing", "[fs]") {
  put("tree/a", "123");
  put("tree/b/c", "45");
  CHECK(code("fs.remove", args("tree")) == "CONFLICT");
  const Json preview(*this->preview("fs.remove", args("tree", kRecursive)));
  CHECK(preview.integer("/entries") == 4);
  CHECK(preview.integer("/bytes") == 5);
  CHECK(files::exists(at("tree/b/c")));

  const auto removed = answer("fs.remove", args("tree", kRecursive));
  CHECK(removed.integer("/entries") == 4);
  CHECK_FALSE(files::exists(at("tree")));
  CHECK_FALSE(answer("fs.remove", args("tree", kRecursive)).boolean("/changed"));
  CHECK_FALSE(answer("fs.remove", args("no/such/folder")).boolean("/changed"));
}

TEST_CASE_METHOD(World, "removing a link removes the link, and no link leads astray", "[fs]") {
  put("kept/file", "1");
  files::create_directory_symlink(at("kept"), at("link"));
  files::create_directories(at("tree"));
  files::create_directory_symlink(at("kept"), at("tree/link"));

  answer("fs.remove", args("tree", kRecursive));
  answer("fs.remove", args("link/", kRecursive));

  CHECK_FALSE(files::exists(files::symlink_status(at("link"))));
  CHECK(content("kept/file") == "1");
}

TEST_CASE_METHOD(World, "what a machine or a person lives in is never removed", "[fs]") {
  for (const char* path : {"/",
                           "/etc",
                           "/usr",
                           "/bin",
                           "/boot",
                           "/dev",
                           "/proc",
                           "/sys",
                           "/home",
                           "/root",
                           "/var",
                           "/var/lib",
                           "/tmp",
                           "/tmp/",
                           "/tmp/.",
                           "/tmp/..",
                           "/usr/bin/env",
                           "/usr/lib/os-release",
                           "/proc/self/status",
                           "//",
                           "/etc/../etc"}) {
    INFO(path);
    const auto outcome =
        preview("fs.remove", std::string("{\"path\":\"") + path + "\"" + kRecursive + "}");
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().code == "PERMISSION_DENIED");
  }
}

TEST_CASE("home folders are kept, and what holds them; what is in them may go", "[fs]") {
  const TemporaryFolder folder;
  const std::string home = folder.path() + "/people/ann";
  files::create_directories(home + "/cache");
  std::ofstream(folder.path() + "/passwd") << "ann:x:1000:1000::" << home << "/:/bin/sh\nbroken\n";
  const fs::Guard guard({"/"}, folder.path() + "/passwd");
  const auto remove = [&](const std::string& path) {
    return fs::remove_path(guard, path, true, fs::Deadline::max());
  };
  CHECK(remove(home).error().code == "PERMISSION_DENIED");
  CHECK(remove(folder.path() + "/people").error().code == "PERMISSION_DENIED");
  CHECK(remove(home + "/cache").has_value());
}

TEST_CASE("nothing outside the roots changes, whatever links say", "[fs]") {
  const TemporaryFolder folder;
  const std::string root = folder.path() + "/root", outside = folder.path() + "/outside";
  files::create_directories(root + "/sub");
  files::create_directories(outside);
  std::ofstream(outside + "/file") << "precious";
  files::create_directory_symlink(outside, root + "/way-out");
  files::create_symlink(outside + "/file", root + "/file-link");
  PluginFixture fixture("{\"roots\":[\"" + root + "\"]}");
  const auto path = [](const std::string& where, const std::string& more) {
    return "{\"path\":\"" + where + "\"" + more + "}";
  };

  CHECK(fixture.code("fs.remove", path(root + "/way-out/file", "")) == "PERMISSION_DENIED");
  CHECK(fixture.code("fs.remove", path(root, kRecursive)) == "PERMISSION_DENIED");
  CHECK(fixture.code("fs.remove", path(folder.path(), kRecursive)) == "PERMISSION_DENIED");
  CHECK(fixture.code("fs.remove", path(root + "/sub/../../outside/file", "")) ==
        "PERMISSION_DENIED");
  CHECK(fixture.code("fs.write", path(root + "/file-link", R"(,"data":"x")")) ==
        "PERMISSION_DENIED");
  CHECK(fixture.code("fs.append", path(root + "/way-out/file", R"(,"data":"x")")) ==
        "PERMISSION_DENIED");
  CHECK(fixture.code("fs.mkdir", path(root + "/way-out/new", "")) == "PERMISSION_DENIED");
  CHECK(fixture.code("fs.copy", "{\"from\":\"" + root + "/sub\",\"to\":\"" + outside + "/c\"}") ==
        "PERMISSION_DENIED");
  CHECK(fixture.code("fs.move", "{\"from\":\"" + outside + "/file\",\"to\":\"" + root + "/f\"}") ==
        "PERMISSION_DENIED");
  CHECK(fixture.answer("fs.write", path(root + "/sub/a", R"(,"data":"x")")).boolean("/created"));
  std::string text;
  std::ifstream(outside + "/file") >> text;
  CHECK(text == "precious");
}

TEST_CASE_METHOD(World, "a copy has content, mode, time and links of the original", "[fs]") {
  put("tree/a", "123");
  put("tree/b/c", "45");
  chmod(at("tree/a").c_str(), 0700);
  age("tree/a", 10);
  files::create_symlink("nowhere", at("tree/link"));
  CHECK(code("fs.copy", ends("tree", "copy")) == "INVALID_ARGUMENT");

  CHECK(answer("fs.copy", ends("tree", "copy", kRecursive)).integer("/bytes") == 5);

  CHECK(content("copy/b/c") == "45");
  CHECK(files::read_symlink(at("copy/link")) == "nowhere");
  CHECK(answer("fs.stat", args("copy/a")).text("/mode") == "0700");
  CHECK(files::last_write_time(at("copy/a")) == files::last_write_time(at("tree/a")));
  CHECK(code("fs.copy", ends("tree", "tree/inside", kRecursive)) == "INVALID_ARGUMENT");
  CHECK(std::distance(files::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE_METHOD(World, "copying and moving replace only what they are told to", "[fs]") {
  put("a", "new");
  put("b", "old");
  files::create_directories(at("folder"));
  CHECK(code("fs.copy", ends("a", "b")) == "ALREADY_EXISTS");
  CHECK(code("fs.move", ends("a", "b")) == "ALREADY_EXISTS");
  CHECK(code("fs.move", ends("a", "folder", kOverwrite)) == "ALREADY_EXISTS");
  CHECK(content("b") == "old");
  answer("fs.copy", ends("a", "b", kOverwrite));
  CHECK(content("b") == "new");
  answer("fs.move", ends("a", "folder/c"));
  CHECK(content("folder/c") == "new");
  CHECK_FALSE(files::exists(at("a")));
  CHECK(code("fs.move", ends("a", "d")) == "NOT_FOUND");
}

TEST_CASE_METHOD(World, "moving works from one file system to another", "[fs]") {
  struct stat here {
  }, memory{};
  if (stat(folder.path().c_str(), &here) != 0 || stat("/dev/shm", &memory) != 0 ||
      here.st_dev == memory.st_dev) {
    WARN("skipped: there is only one file system");
    return;
  }
  std::string other = "/dev/shm/engine-test-XXXXXX";
  REQUIRE(mkdtemp(other.data()));
  put("tree/a", "123");
  files::create_symlink("a", at("tree/link"));
  const auto moved =
      call("fs.move", "{\"from\":\"" + at("tree") + "\",\"to\":\"" + other + "/t\"}");
  const bool arrived = files::exists(other + "/t/a") && files::is_symlink(other + "/t/link");
  files::remove_all(other);
  REQUIRE(moved.has_value());
  CHECK(Json(*moved).integer("/bytes") == 3);
  CHECK(arrived);
  CHECK_FALSE(files::exists(at("tree")));
}

TEST_CASE_METHOD(World, "a probe tells whether a move or copy took place", "[fs]") {
  put("a", "1");
  const auto done = [&](const char* name, const std::string& given) {
    const auto found = probe(name, given);
    REQUIRE(found.has_value());
    const Json json(*found);
    return !json.has("/done") ? "unknown" : json.boolean("/done") ? "yes" : "no";
  };
  CHECK(done("fs.move", ends("a", "b")) == std::string("no"));
  CHECK(done("fs.copy", ends("a", "b")) == std::string("no"));
  answer("fs.copy", ends("a", "b"));
  CHECK(done("fs.copy", ends("a", "b")) == std::string("yes"));
  CHECK(done("fs.move", ends("a", "b")) == std::string("unknown"));
  answer("fs.move", ends("a", "c"));
  CHECK(done("fs.move", ends("a", "c")) == std::string("yes"));
  put("b", "other");
  CHECK(done("fs.copy", ends("c", "b")) == std::string("unknown"));
}

TEST_CASE_METHOD(World, "disk usage counts a file once, and names the largest", "[fs]") {
  put("big/a", std::string(100'000, 'x'));
  put("small", "1");
  files::create_hard_link(at("big/a"), at("again"));
  const auto usage = answer("fs.disk_usage", args("", R"(,"top":1)"));
  CHECK(usage.integer("/apparent_bytes") == 100'001);
  CHECK(usage.integer("/files") == 3);
  CHECK(usage.integer("/directories") == 2);
  CHECK(usage.integer("/disk_bytes") >= 100'000);
  CHECK(usage.at("/largest").get_array().size() == 1);
  CHECK(answer("fs.disk_usage", args("", R"(,"limit":1)")).boolean("/truncated"));
  CHECK(answer("fs.disk_usage", args("small")).integer("/apparent_bytes") == 1);
}

TEST_CASE_METHOD(World, "a search that runs out of time says so", "[fs]") {
  put("a/b", "1");
  fs::FindQuery query;
  query.walk.deadline = fs::deadline_in(Millis(-1));
  CHECK(fs::find_entries(folder.path(), query, 0).error().code == "TIMEOUT");
}

TEST_CASE("a full disk is told apart", "[fs]") {
  // /dev/full takes nothing: what it says is what a full disk says.
  const fs::Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.get() >= 0);
  CHECK(fs::write_all(full.get(), "x", "/dev/full").error().code == "DISK_FULL");
}
