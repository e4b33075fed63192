// Small things done to text, and the names of runs.
#include "engine/base/text.h"

#include <set>

#include "engine/base/id.h"
#include "tests/support/catch.h"

using namespace engine;

TEST_CASE("splitting keeps empty parts") {
  CHECK(split("a,b,,c,", ',') == std::vector<std::string_view>{"a", "b", "", "c", ""});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
}

TEST_CASE("trimming takes blanks off both ends") {
  CHECK(trim(" \t a b \r\n") == "a b");
  CHECK(trim(" \n").empty());
}

TEST_CASE("a misspelt word finds its neighbour, and a strange one finds none") {
  const std::vector<std::string> words = {"container", "contain", "host", "process"};
  CHECK(nearest("contianer", words) == "container");
  CHECK(nearest("proces", words) == "process");
  CHECK(nearest("hots", words) == "host");        // neighbours that changed places
  CHECK(nearest("hxyt", words) == std::nullopt);  // two edits of four letters
  CHECK(nearest("xyz", words) == std::nullopt);
  CHECK(nearest(std::string(1000000, 'a'), words) == std::nullopt);
}

TEST_CASE("a cut text stays UTF-8 and within its limit") {
  CHECK(shortened("short", 10) == "short");
  CHECK(shortened("0123456789", 8) == "01234...");
  CHECK(shortened("\u00e9\u00e9\u00e9\u00e9\u00e9", 8) == "\u00e9\u00e9...");
}

TEST_CASE("run ids are twelve characters of Crockford's base 32, and all different") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_run_id());

  CHECK(seen.size() == 1000);
  for (const std::string& id : seen) {
    CHECK(id.size() == kRunIdLength);
    CHECK(is_run_id_prefix(id));
  }
  CHECK(is_run_id_prefix("7k3"));
  CHECK_FALSE(is_run_id_prefix(""));
  CHECK_FALSE(is_run_id_prefix("7k3i"));
  CHECK_FALSE(is_run_id_prefix("7K3"));
  CHECK_FALSE(is_run_id_prefix("0123456789abc"));
}
