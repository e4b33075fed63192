// A change that is cut off: whoever goes on is told that nobody knows whether it took effect.
#include "tests/support/concurrency_fixture.h"

using namespace engine;
using namespace engine::runs;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kCaught = R"(
    local ok, err = pcall(box.stop, { id = "a", delay = "1h" })
    report(tostring(err.code) .. " " .. tostring(err.outcome))
    error(err, 0))";

}  // namespace

TEST_CASE_METHOD(CrashFixture, "a script whose change is cancelled is told that it is in doubt") {
  const Result<std::string> id = start(kCaught);
  REQUIRE(id);
  wait_until([this] { return happened.size() == 1; });
  REQUIRE(runner->cancel(*id, "unix:test"));
  wait_until([this] { return last != nullptr; });
  CHECK((*last)->state == "cancelled");
  CHECK((*last)->error.find(R"("outcome_unknown":true)") != std::string::npos);
  CHECK(journal_text(*id).find("CANCELLED unknown") != std::string::npos);
}

TEST_CASE_METHOD(ConcurrencyFixture, "the loser of a race is told that its change is in doubt") {
  const Result<std::string> id = start(R"(
    local seen
    first {
      function() wait_for{ signal = "go" } end,
      function()
        local ok, err = pcall(box.stop, { id = "a", delay = "1h" })
        seen = err.code .. " " .. tostring(err.outcome)
        error(err, 0)
      end,
    }
    return seen)");
  REQUIRE(id);
  until_happened(1);
  go(*id);
  wait_until([this] { return last != nullptr; });
  CHECK((*last)->result == R"("CANCELLED unknown")");
  const Strings journal = entries(*id);
  for (size_t kept = first(journal, R"("op":"wait_for")") + 1; kept < journal.size(); ++kept) {
    crash(*id, until(journal, kept));
    CHECK(resume(*id).result == R"("CANCELLED unknown")");
  }
}

TEST_CASE_METHOD(CrashFixture, "what was under way when its process died and is then cancelled") {
  const Result<std::string> id = start(kCaught);
  REQUIRE(id);
  wait_until([this] { return happened.size() == 1; });
  REQUIRE(runner->cancel(*id, "unix:test"));
  wait_until([this] { return last != nullptr; });
  const Strings whole = entries(*id);
  crash(*id, until(whole, first(whole, R"("t":"call")") + 1));
  change([&](store::Database& db) -> Result<void> {
    const Result<int64_t> sent =
        store::send_mail(db, {0, *id, "cancel", "", "{}", "unix:other", system_clock().wall_ms()});
    return sent ? Result<void>() : fail(sent.error());
  });
  const Outcome again = resume(*id);
  CHECK(again.state == "cancelled");
  const std::string journal = journal_text(*id);
  CHECK(journal.find("before it started") == std::string::npos);
  CHECK(journal.find("CANCELLED unknown") != std::string::npos);
}
