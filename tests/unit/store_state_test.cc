// Runbooks' durable values.
#include "engine/store/state.h"
#include "tests/support/store_fixture.h"

using namespace engine;
using namespace engine::store;

namespace {

struct StateFixture : StoreFixture {
  StateFixture() { open(); }

  // Runs `work` as a job and hands its answer back.
  template <class Answered>
  Answered in_job(std::function<Result<Answered>(Database&)> work) {
    std::optional<Answered> answer;
    const Result<void> done = write([&](Transaction& transaction) -> Result<void> {
      Result<Answered> worked = work(transaction.db());
      if (!worked) return fail(worked.error());
      answer = std::move(*worked);
      return {};
    });
    REQUIRE(done);
    return *answer;
  }
  int64_t set(const std::string& name, const std::string& value, int64_t expires = 0,
              int64_t now = 0) {
    return in_job<int64_t>(
        [&](Database& db) { return set_state(db, "book", name, value, expires, now); });
  }
  std::optional<int64_t> compare_and_set(StateExpected expected, const std::string& value) {
    return in_job<std::optional<int64_t>>([&](Database& db) {
      return compare_and_set_state(db, "book", "n", expected, value, 0, 0);
    });
  }
  std::optional<StateValue> get(const std::string& name, int64_t now = 0) {
    return *get_state(reader(), "book", name, now);
  }
};

}  // namespace

TEST_CASE_METHOD(StateFixture, "state: a value is there until it is replaced or removed") {
  CHECK_FALSE(get("n"));
  const int64_t first = set("n", "1");
  CHECK(get("n")->value == "1");
  CHECK(get("n")->version == first);
  CHECK(set("n", "2") > first);
  CHECK(get("n")->value == "2");
  CHECK_FALSE(*get_state(reader(), "other", "n", 0));

  auto remove = [&] {
    return in_job<bool>([&](Database& db) { return remove_state(db, "book", "n", 0); });
  };
  CHECK(remove());
  CHECK_FALSE(remove());
  CHECK_FALSE(get("n"));
}

TEST_CASE_METHOD(StateFixture, "state: a value past its time counts as absent") {
  set("n", "1", 100);
  CHECK(get("n", 99));
  CHECK_FALSE(get("n", 100));
  CHECK(list_state(reader(), "book", "", 10, 100)->empty());
  CHECK_FALSE(in_job<bool>([&](Database& db) { return remove_state(db, "book", "n", 100); }));
  set("m", "1", 0, 200);
  CHECK(*reader().number("SELECT count(*) FROM state") == 1);
}

TEST_CASE_METHOD(StateFixture, "state: compare-and-set changes only what is as expected") {
  const std::optional<int64_t> created = compare_and_set({}, "1");
  REQUIRE(created);
  CHECK_FALSE(compare_and_set({}, "2"));
  CHECK_FALSE(compare_and_set({.version = *created + 1}, "2"));
  CHECK(compare_and_set({.version = *created}, R"({"a":[1,2]})"));
  CHECK_FALSE(compare_and_set({.value = R"({"a":[1]})"}, "3"));
  CHECK(compare_and_set({.value = R"({ "a" : [1, 2] })"}, "3"));
  CHECK(get("n")->value == "3");
}

TEST_CASE_METHOD(StateFixture, "state: a version never comes back, not even after a removal") {
  const int64_t first = set("n", "1");
  in_job<bool>([&](Database& db) { return remove_state(db, "book", "n", 0); });
  set("n", "1");
  CHECK_FALSE(compare_and_set({.version = first}, "2"));
}

TEST_CASE_METHOD(StateFixture, "state: names are listed by prefix, sorted") {
  for (const char* name : {"b/2", "a", "b/1", "c", "b/ü"}) set(name, "1");
  std::vector<std::string> names;
  const std::vector<StateValue> values = *list_state(reader(), "book", "b/", 10, 0);
  for (const StateValue& value : values) names.push_back(value.name);
  CHECK(names == std::vector<std::string>{"b/1", "b/2", "b/ü"});
  CHECK(list_state(reader(), "book", "", 2, 0)->size() == 2);
}
