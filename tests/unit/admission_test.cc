// Runs that triggers start: their row is one commit with what the trigger notes.
#include <algorithm>

#include "engine/store/runs.h"
#include "tests/support/await.h"
#include "tests/support/runs_fixture.h"

using namespace engine;
using namespace engine::runs;

namespace {

class Admissions : public RunsFixture {
 public:
  Admissions() {
    write("heal", R"(return runbook{ summary = "A test.", allow = { "box:destroy" },
      params = { box = { "string" } },
      run = function(ctx) box.stop{ id = ctx.params.box } end })");
  }

  Result<std::string> admit(const std::string& params, store::Job beside, std::string id = "") {
    std::optional<Result<std::string>> answer;
    runner->admit({.runbook = "heal",
                   .params = params,
                   .principal = "hook:boxes",
                   .trigger = R"({"kind":"webhook"})",
                   .id = std::move(id)},
                  std::move(beside), [&](Result<std::string> admitted) {
                    answer = admitted;
                    if (!admitted) loop.stop();
                  });
    runner->on_idle([this] { loop.stop(); });
    loop.run();
    REQUIRE(answer.has_value());
    return *answer;
  }

  static Result<void> note(store::Transaction& transaction) {
    return transaction.db().exec("UPDATE state_version SET last = last + 1");
  }
  int64_t notes() { return *(*store->reader())->number("SELECT last FROM state_version"); }
  int64_t rows() { return *(*store->reader())->number("SELECT count(*) FROM run"); }
};

constexpr const char* kAlert = R"({"kind":"alert"})";
constexpr const char* kDb = R"({"box":"db"})";

}  // namespace

TEST_CASE_METHOD(Admissions, "an admitted run is one commit with what its trigger notes") {
  const Result<std::string> id = admit(kDb, note);

  REQUIRE(id);
  CHECK(happened == std::vector<std::string>{"stop db"});
  CHECK(notes() == 1);
  const store::RunRecord run = *store::find_run(**store->reader(), *id);
  CHECK(run.state == "succeeded");
  CHECK(run.principal == "hook:boxes");
}

TEST_CASE_METHOD(Admissions, "what its trigger cannot note starts no run") {
  const auto refuse = [](store::Transaction& transaction) -> Result<void> {
    if (Result<void> noted = note(transaction); !noted) return noted;
    return fail(code::kConflict, "seen before");
  };
  CHECK(admit(kDb, refuse).error().message == "seen before");
  CHECK(notes() == 0);
  CHECK(rows() == 0);
  CHECK(happened.empty());
}

TEST_CASE_METHOD(Admissions, "a run of the same id is admitted once") {
  CHECK(admit(kDb, note, "once-0001").has_value());
  CHECK(admit(kDb, note, "once-0001").error().code == "ALREADY_EXISTS");
  CHECK(notes() == 1);
  CHECK(rows() == 1);
  CHECK(happened.size() == 1);
}

TEST_CASE_METHOD(Admissions, "more runs than memory should hold wait in the store") {
  options.parking = ParkingOptions{.in_memory = 2};
  begin_anew();
  constexpr int kRuns = 200;
  int admitted = 0, alive_max = 0;
  for (int i = 0; i < kRuns; ++i) {
    runner->admit({.runbook = "heal", .params = kDb, .principal = "alert:Box", .trigger = kAlert},
                  note, [&](const Result<std::string>& id) { admitted += id.has_value(); });
  }
  test::await(loop, [&] {
    alive_max = std::max(alive_max, runner->alive());
    return happened.size() == kRuns && runner->alive() == 0;
  });
  CHECK(admitted == kRuns);
  CHECK(notes() == kRuns);
  CHECK(alive_max < kRuns / 2);
}

TEST_CASE_METHOD(Admissions, "parameters that the runbook does not take admit nothing") {
  CHECK(admit(R"({"bxo":"db"})", note).error().code == "INVALID_ARGUMENT");
  CHECK(notes() == 0);
  CHECK(rows() == 0);
}
