// Runs that wait for each other: none waits for ever.
#include "tests/support/concurrency_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

// Starts a child of `other` with a name of its own where it has been told to go on.
constexpr const char* kParent = R"(
      local name = ctx.params.name
      if name:find("child", 1, true) then return "it ran" end
      box.ensure{ id = name .. " begins" }
      wait_for{ signal = "go" }
      local ran, result = pcall(run, "OTHER", { name = name .. " child" })
      return ran and result or result.message)";

std::string parent_of(const std::string& other) {
  std::string body = kParent;
  return body.replace(body.find("OTHER"), 5, other);
}

}  // namespace

TEST_CASE_METHOD(ConcurrencyFixture,
                 "of children that wait for each other's parents one is refused") {
  runbook("concurrency = 2", parent_of("one"));
  const std::string a = begin("a"), b = begin("b");
  until_happened(2);
  go(a);
  go(b);
  until_ended("a");
  until_ended("b");
  const Strings results = {outcomes.at("a")->result, outcomes.at("b")->result};
  CHECK(std::ranges::count(results, R"("it ran")") == 1);
  const bool refused = std::ranges::any_of(results, [](const std::string& result) {
    return result.find("lets no more than 2 of its runs go on at a time") != std::string::npos;
  });
  CHECK(refused);
}

TEST_CASE_METHOD(ConcurrencyFixture, "of two runbooks that start each other one is refused") {
  const auto two = [&](const std::string& name, const std::string& other) {
    write(name,
          "return runbook{ summary = \"A test.\", allow = { 'box:change' }, concurrency = 1,\n"
          "params = { name = { 'string' } }, run = function(ctx)\n" +
              parent_of(other) + "\nend }\n");
  };
  two("left", "right");
  two("right", "left");
  const auto begin_one = [&](const std::string& name) {
    const Result<std::string> id =
        runner->start({.runbook = name,
                       .params = R"({"name":")" + name + "\"}",
                       .principal = "unix:test",
                       .trigger = "{}"},
                      {}, [this, name](Result<Outcome> outcome) {
                        outcomes.insert_or_assign(name, std::move(outcome));
                      });
    REQUIRE(id);
    return *id;
  };
  const std::string left = begin_one("left"), right = begin_one("right");
  until_happened(2);
  go(left);
  go(right);
  until_ended("left");
  until_ended("right");
  CHECK((outcomes.at("left")->result == R"("it ran")") !=
        (outcomes.at("right")->result == R"("it ran")"));
}

TEST_CASE_METHOD(ConcurrencyFixture,
                 "who holds a lock goes on though all seats are taken by those who wait for it") {
  options.runs_max = 1;
  options.parking = ParkingOptions{.after = Millis(0), .in_memory = 0};
  begin_anew();
  runbook("timeout = '1h'", R"(
      local held <close> = lock "L"
      box.ensure{ id = ctx.params.name }
      if ctx.params.name == "a" then sleep "300ms" end
      return ctx.params.name)");
  const std::string a = begin("a");
  wait_until([&] {
    const auto row = store::find_run(**store->reader(), a);
    return row && row->state == "waiting";
  });
  begin("b");
  until_ended("b");
  CHECK(outcomes.at("a")->result == R"("a")");
  CHECK(happened == Strings{"ensure a", "ensure b"});
}

TEST_CASE_METHOD(ConcurrencyFixture,
                 "killed between a run and the one that it goes on as nothing is skipped") {
  runbook("concurrency = { limit = 1, on_conflict = 'skip' }", R"(
      box.ensure{ id = ctx.params.name }
      if ctx.params.name == "a" then return continue_as{ name = "b" } end
      return "done")");
  const std::string a = begin("a");
  until_ended("a");
  const auto runs = store::list_runs(**store->reader(), {});
  REQUIRE(runs->size() == 2);
  const std::string b = (*runs)[0].id;
  const Strings first = entries(a), second = entries(b);
  happened.clear();
  crash(a, until(first, first.size() - 1));
  crash(b, until(second, 1));
  REQUIRE(try_resume({.run = a}));
  REQUIRE(try_resume({.run = b}));
  wait_until([&] { return resumed.size() == 2; });
  CHECK(state(a) == "succeeded");
  CHECK(state(b) == "succeeded");
  CHECK(happened == Strings{"ensure b"});
}
