// What is sealed is read with its key alone.
#include "engine/ops/sealed.h"

#include <filesystem>
#include <fstream>

#include "engine/base/seal.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace engine;

namespace {

std::vector<ops::Field> fields() {
  ops::Field plain, hidden;
  plain.name = "size";
  hidden.name = "env";
  hidden.sensitive = true;
  return {plain, hidden};
}

}  // namespace

TEST_CASE("what is sealed is opened by whoever has the key, and by nobody else") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/key";
  Seal seal(file);
  CHECK_FALSE(seal.open("AAAA"));
  const std::string text("a secret \0 of bytes", 19);
  const Result<std::string> first = seal.close(text), second = seal.close(text);
  REQUIRE(first);
  CHECK(*first != *second);
  CHECK(*seal.open(*first) == text);
  CHECK(*Seal(file).open(*second) == text);
  CHECK(*seal.open(*seal.close("")) == "");
  using std::filesystem::perms;
  CHECK(std::filesystem::status(file).permissions() == (perms::owner_read | perms::owner_write));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);

  Seal other(folder.path() + "/other");
  REQUIRE(other.close("x"));
  CHECK(other.open(*first).error().code == "INTERNAL");
  for (const size_t at : {size_t{0}, size_t{20}, first->size() - 6}) {
    std::string damaged = *first;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    CHECK_FALSE(seal.open(damaged));
  }
  CHECK_FALSE(seal.open(""));
  CHECK_FALSE(seal.open("not base64"));
  std::ofstream(folder.path() + "/short") << "abc";
  CHECK_FALSE(Seal(folder.path() + "/short").close("x"));
}

TEST_CASE("sensitive fields are sealed in the store and hidden from onlookers") {
  const TemporaryFolder folder;
  Seal seal(folder.path() + "/key");
  const std::string given =
      R"({"size":1,"env":{"A":"canary","$$sealed":"x"},"text":"{\"$sealed\":\"y\"}"})";
  std::string kept = given;
  REQUIRE(ops::seal(fields(), kept, seal));
  CHECK(kept.find("canary") == std::string::npos);
  CHECK(*ops::unsealed(kept, seal) == given);
  CHECK(ops::without_seals(kept) ==
        R"({"size":1,"env":{"$hidden":true},"text":"{\"$sealed\":\"y\"}"})");
  CHECK(ops::without_seals(given) == given);
  Seal nowhere("/proc/none/key");
  kept = given;
  CHECK_FALSE(ops::seal(fields(), kept, nowhere));
  CHECK(kept == ops::without_seals(kept));
  CHECK(kept.find("canary") == std::string::npos);
}
