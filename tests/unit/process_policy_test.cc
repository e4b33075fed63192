// What [plugins.process] lets through, and every way round it that was thought of.
#include <unistd.h>

#include <filesystem>

#include "plugins/process/environment.h"
#include "plugins/process/policy.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using namespace engine::process;

namespace {

const std::string kPath = "/usr/local/bin:/usr/bin:/bin";

// The setting that refuses, or "" if the command may run.
std::string refusing(const Policy& policy, std::vector<std::string> argv, std::string cwd = "/",
                     std::string path = kPath) {
  const Result<void> allowed = check(policy, {std::move(argv), std::move(cwd), std::move(path)});
  if (allowed) return "";
  CHECK(allowed.error().code == code::kPermissionDenied);
  const std::string& hint = allowed.error().hint;
  for (const char* setting : {"allowed_paths", "allowed_commands", "denied_commands"}) {
    if (hint.find(setting) != std::string::npos) return setting;
  }
  return "nothing named: " + allowed.error().message;
}

}  // namespace

TEST_CASE("without settings every command may run") {
  CHECK(refusing({}, {"rm", "-rf", "/nonexistent"}) == "");
  CHECK(refusing({}, {"/bin/sh", "-c", "rm x"}) == "");
}

TEST_CASE("a denied command is refused by name, path, link and launcher") {
  const TemporaryFolder folder;
  const std::string link = folder.path() + "/innocent";
  std::filesystem::create_symlink("/bin/rm", link);
  Policy policy;
  policy.denied_commands = {"rm", "mkfs"};
  const std::vector<std::vector<std::string>> bad = {
      {"rm", "x"},
      {"/bin/rm", "x"},
      {"/usr/bin/../bin/rm", "x"},
      {"./rm", "x"},
      {link, "x"},
      {"innocent", "x"},
      {"mkfs"},
      {"/nowhere/mkfs"},
      {"env", "rm", "x"},
      {"env", "A=b", "/bin/rm", "x"},
      {"env", "-S", "rm x"},
      {"timeout", "5", "rm", "x"},
      {"nice", "-n", "5", link, "x"},
      {"xargs", "rm"},
      {"find", ".", "-exec", "rm", "{}", ";"},
      {"/lib64/ld-linux-x86-64.so.2", "/bin/rm", "x"},
  };
  for (const auto& argv : bad) {
    CAPTURE(argv);
    CHECK(refusing(policy, argv, "/", folder.path() + ":" + kPath) == "denied_commands");
  }
  CHECK(refusing(policy, {"./innocent", "x"}, folder.path()) == "denied_commands");
  CHECK(refusing(policy, {"ls", "rm"}) == "");
  CHECK(refusing(policy, {"env", "ls"}) == "");
}

TEST_CASE("a shell could run anything, so it has to be allowed itself once commands are denied") {
  Policy policy;
  policy.denied_commands = {"rm"};
  CHECK(refusing(policy, {"/bin/sh", "-c", "ls"}) == "allowed_commands");
  CHECK(refusing(policy, {"bash", "-c", "ls"}) == "allowed_commands");
  CHECK(refusing(policy, {"env", "sh", "-c", "ls"}) == "allowed_commands");

  policy.allowed_commands = {"sh"};
  CHECK(refusing(policy, {"/bin/sh", "-c", "ls"}) == "");
  CHECK(refusing(policy, {"bash", "-c", "ls"}) == "allowed_commands");
  policy.denied_commands = {"sh"};
  CHECK(refusing(policy, {"/bin/sh", "-c", "ls"}) == "denied_commands");
}

TEST_CASE("only allowed commands run, and not another file of the same name") {
  const TemporaryFolder folder;
  const std::string forged = folder.path() + "/ls";
  std::filesystem::create_symlink("/bin/echo", forged);
  Policy policy;
  policy.allowed_commands = {"ls", "/bin/cat"};

  CHECK(refusing(policy, {"ls", "-l"}) == "");
  CHECK(refusing(policy, {"/bin/ls", "-l"}) == "");
  CHECK(refusing(policy, {"cat"}) == "");
  CHECK(refusing(policy, {"echo"}) == "allowed_commands");
  CHECK(refusing(policy, {forged}) == "allowed_commands");
  CHECK(refusing(policy, {"ls"}, "/", folder.path() + ":" + kPath) == "allowed_commands");
  CHECK(refusing(policy, {"/bin/sh", "-c", "ls"}) == "allowed_commands");
}

TEST_CASE("folders and arguments lie below an allowed path, links resolved") {
  const TemporaryFolder folder, other;
  const std::string inside = folder.path();
  std::filesystem::create_directory(inside + "/sub");
  std::filesystem::create_symlink("/etc", inside + "/way_out");
  std::filesystem::create_symlink("/bin/echo", inside + "/tool");
  Policy policy;
  policy.allowed_paths = {inside};

  CHECK(refusing(policy, {"ls"}, inside) == "");
  CHECK(refusing(policy, {"ls", "-l", "sub", "new/file", inside + "/x", "/dev/null"}, inside) ==
        "");
  CHECK(refusing(policy, {"/bin/ls"}, inside + "/sub") == "");
  CHECK(refusing(policy, {"curl", "https://example.org/a"}, inside) == "");
  CHECK(refusing(policy, {"ls"}, "/") == "allowed_paths");
  CHECK(refusing(policy, {"ls"}, inside + "/way_out") == "allowed_paths");
  CHECK(refusing(policy, {"ls"}, inside + "x") == "allowed_paths");
  const std::vector<std::string> outside = {
      "/etc/passwd",        "../x",           "..",
      "sub/../../x",        "way_out",        "way_out/passwd",
      "--file=/etc/passwd", "-C/etc",         "@/etc/passwd",
      "file:///etc/passwd", "if=/etc/passwd", other.path()};
  for (const std::string& argument : outside) {
    CAPTURE(argument);
    CHECK(refusing(policy, {"cat", argument}, inside) == "allowed_paths");
  }
}

TEST_CASE("the operator's greatest timeout holds, also for a call that wants none") {
  CHECK(limited_timeout({}, 0) == 0);
  CHECK(limited_timeout({}, 5000) == 5000);
  Policy policy;
  policy.max_timeout_ms = 1000;
  CHECK(limited_timeout(policy, 0) == 1000);
  CHECK(limited_timeout(policy, 5000) == 1000);
  CHECK(limited_timeout(policy, 500) == 500);
}

TEST_CASE("sanitized errors hold neither paths nor values of the environment") {
  CHECK(sanitized("cannot start '/opt/a b': no such file", {}) ==
        "cannot start '[path] b': no such file");
  CHECK(sanitized("token hunter22 in /etc/x and 1/2", {"hunter22", "in"}) ==
        "token [value] in [path] and 1/2");
}

TEST_CASE("a program gets a short environment, and none of the engine's secrets") {
  setenv("ENGINE_SECRET_CANARY", "tweet", 1);
  const auto inherited = environment(true, "", {{"A", "b"}, {"TZ", "UTC"}});
  const auto bare = environment(false, "", {{"A", "b"}});
  const auto bad = environment(false, "", {{"A=B", "c"}});
  unsetenv("ENGINE_SECRET_CANARY");

  REQUIRE((inherited && bare));
  CHECK(value_in(*inherited, "ENGINE_SECRET_CANARY").empty());
  CHECK_FALSE(value_in(*inherited, "PATH").empty());
  CHECK(value_in(*inherited, "TZ") == "UTC");
  CHECK(*bare == std::vector<std::string>{"A=b"});
  CHECK(bad.error().code == code::kInvalidArgument);
}
