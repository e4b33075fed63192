// Where secrets come from, and that they do not leave.
#include <cstdlib>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/ops/secrets.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::ops;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("secrets-" + std::to_string(getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("a secret is found in the environment, in folders, among the credentials") {
  const Folder folder;
  REQUIRE(write_file_atomically(folder.path / "db-password", "from a file\n", 0600));
  ::setenv("ENGINE_SECRET_API_TOKEN", "from the environment", 1);
  Secrets secrets({.folders = {folder.path}, .credentials_folder = ""});

  CHECK(*secrets.resolve("api-token") == "from the environment");
  CHECK(*secrets.resolve("db-password") == "from a file");
  const Result<std::string> missing = secrets.resolve("nothing");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == code::kNotFound);
  CHECK(missing.error().hint.find("ENGINE_SECRET_NOTHING") != std::string::npos);
  ::unsetenv("ENGINE_SECRET_API_TOKEN");
}

TEST_CASE("a name that would leave the folder is refused") {
  Secrets secrets({.folders = {"/"}, .credentials_folder = ""});

  CHECK(secrets.resolve("../etc/passwd").error().code == code::kInvalidArgument);
  CHECK(secrets.resolve(".hidden").error().code == code::kInvalidArgument);
  CHECK(secrets.resolve("").error().code == code::kInvalidArgument);
}

TEST_CASE("a resolved secret is scrubbed from text, from JSON and from base64") {
  ::setenv("ENGINE_SECRET_CANARY", "tw\"eet-1234", 1);
  Secrets secrets({});
  REQUIRE(secrets.resolve("canary"));

  CHECK(secrets.scrubbed("a tw\"eet-1234 b") == "a [secret canary] b");
  CHECK(secrets.scrubbed(R"({"out":"tw\"eet-1234"})") == R"({"out":"[secret canary]"})");
  CHECK(secrets.scrubbed("dHciZWV0LTEyMzQ=") == "[secret canary]");
  const Error error = secrets.scrubbed(Error(code::kFailed, "said tw\"eet-1234"));
  CHECK(error.message == "said [secret canary]");
  ::unsetenv("ENGINE_SECRET_CANARY");
}
