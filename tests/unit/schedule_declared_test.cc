// What cron(...) and every "..." declare, and what is said where it is wrong.
#include "engine/lua/runbook.h"
#include "engine/triggers/declared.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::triggers;

namespace {

Schedule schedule(std::string_view json) {
  Result<Declared> declared = read_triggers("[" + std::string(json) + "]", "nightly");
  INFO(json << ": " << (declared ? "" : declared.error().message));
  REQUIRE(declared);
  REQUIRE(declared->schedules.size() == 1);
  return std::move(declared->schedules[0]);
}

Error error_of(std::string_view json) {
  const Result<Declared> declared = read_triggers(json, "nightly");
  INFO(json);
  REQUIRE(!declared);
  CHECK(declared.error().code == code::kInvalidArgument);
  return declared.error();
}

}  // namespace

TEST_CASE("a schedule has the options that it declares and defaults for the others", "[schedule]") {
  const Schedule plain = schedule(R"({"kind":"cron","schedule":"0 2 * * SUN"})");
  REQUIRE(plain.calendar());
  CHECK(plain.catch_up == Schedule::CatchUp::none);
  CHECK(plain.overlap == Schedule::Overlap::skip);
  CHECK(plain.within == Millis(60'000));
  CHECK(plain.jitter == Millis(0));
  const Schedule full =
      schedule(R"({"kind":"cron","schedule":"0 30 2 * * *","tz":"Europe/Berlin","jitter":"5m",)"
               R"("catch_up":"last","within":"6h","overlap":"replace","seconds":true,)"
               R"("dst":{"gap":"skip","fold":"both"}})");
  CHECK(full.calendar()->zone.name() == "Europe/Berlin");
  CHECK(full.calendar()->transitions.gap == Transitions::Gap::skip);
  CHECK(full.calendar()->transitions.fold == Transitions::Fold::both);
  CHECK(full.jitter == Millis(300'000));
  CHECK(full.within == Millis(6 * 3'600'000));
  CHECK(full.catch_up == Schedule::CatchUp::last);
  CHECK(full.overlap == Schedule::Overlap::replace);
  CHECK(schedule(R"({"kind":"cron","1":"@daily","catch_up":"all"})").within > Millis(1) * 1e12);
}

TEST_CASE("an interval is counted from its schedule's beginning", "[schedule]") {
  const Schedule every = schedule(R"({"kind":"every","interval":"15m"})");
  CHECK(every.next(1000, 0)->at_s == 1900);
  CHECK(every.next(1000, 1000)->at_s == 1900);
  CHECK(every.next(1000, 1899)->at_s == 1900);
  CHECK(every.next(1000, 1900)->at_s == 2800);
}

TEST_CASE("triggers of other kinds are no schedules", "[schedule]") {
  const auto declared = read_triggers(
      R"([{"kind":"alert","name":"DiskFull"},{"kind":"every","interval":"1h"}])", "nightly");
  REQUIRE(declared);
  CHECK(declared->schedules.size() == 1);
  CHECK(read_triggers("", "nightly")->schedules.empty());
  CHECK(read_triggers("[]", "nightly")->schedules.empty());
  CHECK(read_triggers("{}", "nightly")->schedules.empty());
}

TEST_CASE("an error in a trigger names the field and what is allowed", "[schedule]") {
  CHECK(error_of(R"([{"kind":"cron","schedule":"0 2 * * SUN","tzz":"UTC"}])").hint ==
        "did you mean 'tz'?");
  CHECK(error_of(R"([{"kind":"cron","schedule":"0 2 * * SUN","tz":"Berlin"}])").hint ==
        "did you mean 'Europe/Berlin'?");
  CHECK(error_of(R"([{"kind":"cron","schedule":"0 2 * * *","overlap":"skp"}])").message ==
        R"(cron.overlap is one of "skip", "queue", "replace", "allow")");
  CHECK(error_of(R"([{"kind":"cron","schedule":"0 2 * * *","catch_up":true}])")
            .message.starts_with("cron.catch_up is one of"));
  CHECK(error_of(R"([{"kind":"cron","schedule":"0 2 * * *","dst":{"gab":"skip"}}])").hint ==
        "did you mean 'gap'?");
  CHECK(error_of(R"([{"kind":"cron","schedule":"0 2 * * *","jitter":"soon"}])")
            .message.starts_with("cron.jitter: "));
  CHECK(error_of(R"([{"kind":"cron","schedule":"99 2 * * *"}])").message.contains("minute"));
  CHECK(error_of(R"([{"kind":"cron","schedule":"TZ=UTC 0 2 * * *","tz":"UTC"}])")
            .message.contains("twice"));
  CHECK(error_of(R"([{"kind":"cron"}])").message == "cron says no time");
  CHECK(error_of(R"([{"kind":"every","interval":"100ms"}])").message.contains("whole seconds"));
  CHECK(error_of(R"([{"kind":"every","interval":"soon"}])").message.starts_with("every: "));
  CHECK(error_of(R"([{"kind":"every","interval":"1h","tz":"UTC"}])").message ==
        "there is no 'tz' in every");
  CHECK(error_of(R"(["0 2 * * *"])").message.contains("made by a word"));
  CHECK(error_of(R"({"kind":"every","interval":"1h"})").message == "on is a list of triggers");
}

TEST_CASE("an error in a trigger is at its line of the runbook", "[schedule]") {
  lua::RunbookInfo info;
  info.triggers = R"([{"kind":"cron","schedule":"61 2 * * *"}])";
  const runs::Source source{"nightly", "nightly.lua", "nightly.lua",
                            "return runbook {\n  on = { cron \"61 2 * * *\" },\n"
                            "  run = function() end,\n}\n"};
  const Result<Declared> declared = read_triggers(info, source);
  REQUIRE(!declared);
  CHECK(declared.error().message.starts_with("nightly.lua:2: the cron expression '61 2 * * *'"));
}

TEST_CASE("a schedule is named by its runbook", "[schedule]") {
  CHECK(schedule_name("a/b", 0) == "a/b");
  CHECK(schedule_name("a/b", 1) == "a/b#2");
  CHECK(parse_schedule_name("a/b#2").runbook == "a/b");
  CHECK(parse_schedule_name("a/b#2").index == 1);
  CHECK(parse_schedule_name("a/b").index == 0);
  CHECK(parse_schedule_name("a#b").runbook == "a#b");
}
