// Whole files, read and replaced.
#include "engine/base/files.h"

#include <errno.h>
#include <sys/stat.h>

#include <filesystem>

#include "engine/base/clock.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace engine;

TEST_CASE("a file is read whole, and not beyond its limit") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/file";
  REQUIRE(write_file_atomically(path, std::string(100000, 'x'), 0644));

  CHECK(read_file(path, 100000)->size() == 100000);
  CHECK(read_file(path, 99999).error().code == code::kResourceExhausted);
  CHECK(read_file("/proc/self/stat", 10000)->size() > 10);  // of no size, says the kernel
}

TEST_CASE("a file that cannot be read says which and why") {
  const auto missing = read_file("/no/such/file", 10);
  CHECK(missing.error().code == code::kNotFound);
  CHECK(missing.error().message == "cannot read /no/such/file: no such file or directory");
  CHECK(read_file("/", 10).error().code == code::kInvalidArgument);
}

TEST_CASE("a file is replaced in one step, with its mode, and nothing is left beside it") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/file";
  REQUIRE(write_file_atomically(path, "old", 0600));
  REQUIRE(write_file_atomically(path, "new", 0640));

  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
  CHECK(*read_file(path, 10) == "new");
  CHECK_FALSE(write_file_atomically(folder.path() + "/no/file", "x", 0600));
  CHECK_FALSE(write_file_atomically(folder.path(), "x", 0600));
  const auto items = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(items), end(items)) == 1);
}

TEST_CASE("what errno says becomes a code and words") {
  CHECK(errno_error(ENOSPC, "cannot write x").code == code::kDiskFull);
  CHECK(errno_error(EACCES, "cannot write x").code == code::kPermissionDenied);
  CHECK(errno_error(EIO, "cannot write x").code == code::kFailed);
  CHECK(errno_error(EROFS, "cannot write x").message == "cannot write x: read-only file system");
  CHECK(errno_error(99999, "x").message == "x: error 99999");
}

TEST_CASE("the program knows its folder and the time") {
  CHECK(std::filesystem::is_directory(program_folder()));
  CHECK(system_clock().wall_ms() > 1700000000000);
  const int64_t before = system_clock().boot_ns();
  CHECK(system_clock().boot_ns() >= before);
}
