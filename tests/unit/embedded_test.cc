// The engine's own Lua files are part of the program.
#include "engine/base/embedded.h"

#include "engine/base/hash.h"
#include "tests/support/catch.h"

using namespace engine;

TEST_CASE("every embedded file is found by its name") {
  for (const EmbeddedFile& file : embedded_files()) {
    CHECK(embedded(file.name) == file.text);
    CHECK(sha256_hex(file.text) == file.sha256);
  }
}

TEST_CASE("a file that is not embedded has no text") {
  CHECK(embedded("engine/lua/absent.lua").empty());
}
