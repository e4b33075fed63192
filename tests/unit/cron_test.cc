// Cron expressions: what they mean, and what is wrong with those that mean nothing.
#include "engine/triggers/cron.h"

#include "tests/support/catch.h"

using namespace engine;
using namespace engine::triggers;

namespace {

Cron cron(std::string_view text, const Cron::Options& options = {}) {
  const Result<Cron> parsed = Cron::parse(text, options);
  INFO(text << ": " << (parsed ? "" : parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

Zone zone(std::string_view name) {
  const Result<Zone> found = Zone::find(name);
  INFO(name);
  REQUIRE(found);
  return *found;
}

int64_t seconds(std::string_view time) { return *parse_time(time) / 1000; }

// The next moments, by the zone's own clock.
std::vector<std::string> times(std::string_view text, std::string_view zone_name,
                               std::string_view from, size_t count,
                               const Cron::Options& options = {}) {
  const Cron parsed = cron(text, options);
  const Zone in = zone(zone_name);
  std::vector<std::string> found;
  int64_t at = seconds(from) - 1;
  while (found.size() < count) {
    const std::optional<Slot> slot = parsed.next(in, {}, at);
    if (!slot) break;
    at = slot->at_s;
    if (slot->shift != Slot::Shift::lost) found.push_back(in.text(at));
  }
  return found;
}

using Texts = std::vector<std::string>;

// In UTC, from Sunday 22 November 2026 on, without the seconds.
Texts utc(std::string_view text, size_t count, const Cron::Options& options = {}) {
  Texts found = times(text, "UTC", "2026-11-22T00:00:00Z", count, options);
  for (std::string& time : found) time.resize(options.seconds ? 19 : 16);
  return found;
}

Error error_of(std::string_view text, const Cron::Options& options = {}) {
  const Result<Cron> parsed = Cron::parse(text, options);
  INFO(text);
  REQUIRE(!parsed);
  CHECK(parsed.error().code == code::kInvalidArgument);
  return parsed.error();
}

}  // namespace

TEST_CASE("the five fields of a cron expression are those of crontab", "[cron]") {
  CHECK(utc("0 2 * * SUN", 2) == Texts{"2026-11-22T02:00", "2026-11-29T02:00"});
  CHECK(utc("0 2 * * 7", 1) == Texts{"2026-11-22T02:00"});
  CHECK(utc("0 2 * * 0", 1) == Texts{"2026-11-22T02:00"});
  CHECK(utc("*/20 * * * *", 4) ==
        Texts{"2026-11-22T00:00", "2026-11-22T00:20", "2026-11-22T00:40", "2026-11-22T01:00"});
  CHECK(utc("5/20 0 * * *", 3) ==
        Texts{"2026-11-22T00:05", "2026-11-22T00:25", "2026-11-22T00:45"});
  CHECK(utc("30 9-17/4 * * *", 3) ==
        Texts{"2026-11-22T09:30", "2026-11-22T13:30", "2026-11-22T17:30"});
  CHECK(utc("0 0 1 jan,Jul *", 2) == Texts{"2027-01-01T00:00", "2027-07-01T00:00"});
  CHECK(utc("0 12 * * mon-fri", 2) == Texts{"2026-11-23T12:00", "2026-11-24T12:00"});
  CHECK(utc("0 12 * * SAT-SUN", 2) == Texts{"2026-11-22T12:00", "2026-11-28T12:00"});
  CHECK(utc("0 12 * * 5-7", 2) == Texts{"2026-11-22T12:00", "2026-11-27T12:00"});
  CHECK(utc("0 0 ? * ?", 1) == Texts{"2026-11-22T00:00"});
  CHECK(utc("  0\t4  * * * ", 1) == Texts{"2026-11-22T04:00"});
}

TEST_CASE("days of the month and of the week are OR-ed when both are restricted", "[cron]") {
  CHECK(utc("0 0 13 * FRI", 3) ==
        Texts{"2026-11-27T00:00", "2026-12-04T00:00", "2026-12-11T00:00"});
  CHECK(utc("0 0 1 * *", 1) == Texts{"2026-12-01T00:00"});
  // What begins with * restricts nothing that could be OR-ed, as crontab has it.
  CHECK(utc("0 0 */10 * MON", 2) == Texts{"2026-12-21T00:00", "2027-01-11T00:00"});
}

TEST_CASE("the descriptors of cron are known", "[cron]") {
  CHECK(utc("@hourly", 2) == Texts{"2026-11-22T00:00", "2026-11-22T01:00"});
  CHECK(utc("@daily", 2) == Texts{"2026-11-22T00:00", "2026-11-23T00:00"});
  CHECK(utc("@midnight", 1) == Texts{"2026-11-22T00:00"});
  CHECK(utc("@weekly", 2) == Texts{"2026-11-22T00:00", "2026-11-29T00:00"});
  CHECK(utc("@Monthly", 1) == Texts{"2026-12-01T00:00"});
  CHECK(utc("@yearly", 1) == Texts{"2027-01-01T00:00"});
  CHECK(utc("@annually", 1) == Texts{"2027-01-01T00:00"});
  CHECK(error_of("@dayly").hint == "did you mean '@daily'?");
  CHECK(error_of("@every 1h").hint == "write every \"15m\" instead of cron");
}

TEST_CASE("seconds are a leading field where they are asked for", "[cron]") {
  CHECK(utc("*/30 0 0 * * *", 3, {.seconds = true}) ==
        Texts{"2026-11-22T00:00:00", "2026-11-22T00:00:30", "2026-11-23T00:00:00"});
  CHECK(utc("@daily", 1, {.seconds = true}) == Texts{"2026-11-22T00:00:00"});
  CHECK(error_of("0 0 2 * * *").hint.contains("seconds = true"));
  CHECK(error_of("0 2 * * *", {.seconds = true}).message.contains("5 fields, not 6"));
}

TEST_CASE("the last day, the last Friday and the first Sunday are found", "[cron]") {
  CHECK(utc("0 0 L * *", 4) ==
        Texts{"2026-11-30T00:00", "2026-12-31T00:00", "2027-01-31T00:00", "2027-02-28T00:00"});
  CHECK(utc("0 0 15,L * *", 2) == Texts{"2026-11-30T00:00", "2026-12-15T00:00"});
  CHECK(utc("0 0 * * 5L", 2) == Texts{"2026-11-27T00:00", "2026-12-25T00:00"});
  CHECK(utc("0 0 * * FRIL", 1) == Texts{"2026-11-27T00:00"});
  CHECK(utc("0 0 * * SUN#1", 2) == Texts{"2026-12-06T00:00", "2027-01-03T00:00"});
  CHECK(utc("0 0 * * 1#5", 2) == Texts{"2026-11-30T00:00", "2027-03-29T00:00"});
}

TEST_CASE("H spreads schedules by their name and always in the same way", "[cron]") {
  const auto first = [](std::string_view text, std::string_view by) {
    return utc(text, 1, {.spread_by = by})[0];
  };
  CHECK(first("H H(0-7) * * *", "boulder/clean-up") == first("H H(0-7) * * *", "boulder/clean-up"));
  std::map<std::string, int> seen;
  for (int at = 0; at < 200; ++at) {
    const std::string time = first("H H(0-7) * * *", "runbook-" + std::to_string(at));
    CHECK(time.substr(11, 2) <= "07");
    ++seen[time];
  }
  CHECK(seen.size() > 100);
  const Texts quarters = utc("H/15 * * * *", 5, {.spread_by = "a"});
  CHECK(quarters[0].substr(14) < "15");
  CHECK(quarters[4].substr(14) == quarters[0].substr(14));
  CHECK(quarters[4].substr(11, 2) == "01");
}

TEST_CASE("an error in a cron expression names the field and what is allowed", "[cron]") {
  CHECK(error_of("75 2 * * *").message ==
        "the cron expression '75 2 * * *': the minute cannot be '75'");
  CHECK(error_of("75 2 * * *").hint.starts_with("it is 0 to 59, "));
  CHECK(error_of("0 24 * * *").message.contains("the hour cannot be '24'"));
  CHECK(error_of("0 0 0 * *").message.contains("the day of the month cannot be '0'"));
  CHECK(error_of("0 0 * FOO *").hint.starts_with("it is 1 to 12, or JAN to DEC"));
  CHECK(error_of("0 0 * * 8").message.contains("the day of the week cannot be '8'"));
  CHECK(error_of("0 0 * * SUN#6").message.contains("'SUN#6'"));
  CHECK(error_of("0 22-6 * * *").message.contains("'22-6'"));
  CHECK(error_of("*/0 * * * *").message.contains("'*/0'"));
  CHECK(error_of("*/90 * * * *").hint.contains("every \"90m\""));
  CHECK(error_of("0 0 30 2 *").message.contains("no day of any year fits it"));
  CHECK(error_of("TZ=Europe/Berln 0 0 * * *").hint == "did you mean 'Europe/Berlin'?");
  for (const char* text : {"", "* * * *", "* * * * * *", "1,,2 * * * *", ", * * * *", "- * * * *",
                           "1- * * * *", "-1 * * * *", "1/ * * * *", "/5 * * * *", "H( * * * *",
                           "H(9-3) * * * *", "L * * * *", "0 0 * * L", "0 0 * * #1", "@", "TZ="})
    error_of(text);
  CHECK(!Cron::parse(std::string(5000, '*'), {}));
}

TEST_CASE("an expression may say its zone", "[cron]") {
  CHECK(cron("CRON_TZ=Asia/Tokyo 0 9 * * *").zone()->name() == "Asia/Tokyo");
  CHECK(cron("TZ=UTC @daily").zone()->name() == "UTC");
  CHECK(!cron("@daily").zone());
}

TEST_CASE("rare days are found at once", "[cron]") {
  CHECK(utc("0 0 29 2 *", 2) == Texts{"2028-02-29T00:00", "2032-02-29T00:00"});
  CHECK(utc("0 0 29 2 */7", 2) == Texts{"2032-02-29T00:00", "2060-02-29T00:00"});
  CHECK(times("0 0 29 2 */7", "Europe/Berlin", "2070-01-01T00:00:00Z", 2) ==
        Texts{"2088-02-29T00:00:00+01:00", "2128-02-29T00:00:00+01:00"});
}

TEST_CASE("a fixed hour that does not exist is made up for right after the gap", "[cron]") {
  const char* before = "2027-03-27T00:00:00Z";
  CHECK(times("30 2 * * *", "Europe/Berlin", before, 3) == Texts{"2027-03-27T02:30:00+01:00",
                                                                 "2027-03-28T03:00:00+02:00",
                                                                 "2027-03-29T02:30:00+02:00"});
  // Two that fall into the gap, or one that is due right after it, are one run.
  CHECK(times("0,30 2,3 28 3 *", "Europe/Berlin", before, 2) ==
        Texts{"2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"});
  CHECK(times("0 */2 * * *", "Europe/Berlin", "2027-03-28T00:30:00Z", 2) ==
        Texts{"2027-03-28T03:00:00+02:00", "2027-03-28T04:00:00+02:00"});
  CHECK(times("0 0 5 9 *", "America/Santiago", "2027-09-01T00:00:00Z", 1) ==
        Texts{"2027-09-05T01:00:00-03:00"});
  CHECK(times("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00:00Z", 2) ==
        Texts{"2027-10-03T02:30:00+11:00", "2027-10-04T02:15:00+11:00"});
}

TEST_CASE("a fixed hour that comes twice runs once", "[cron]") {
  const char* before = "2026-10-24T00:00:00Z";
  CHECK(times("30 2 * * *", "Europe/Berlin", before, 3) == Texts{"2026-10-24T02:30:00+02:00",
                                                                 "2026-10-25T02:30:00+02:00",
                                                                 "2026-10-26T02:30:00+01:00"});
  CHECK(times("30 1 * * *", "America/New_York", "2026-10-31T20:00:00Z", 2) ==
        Texts{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"});
  CHECK(times("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T00:00:00Z", 2) ==
        Texts{"2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"});
}

TEST_CASE("wildcard hours and minutes follow real time", "[cron]") {
  CHECK(
      times("30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 3) ==
      Texts{"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"});
  CHECK(
      times("*/30 * * * *", "Europe/Berlin", "2027-03-28T00:30:00Z", 3) ==
      Texts{"2027-03-28T01:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"});
  CHECK(times("*/30 2 * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 5) ==
        Texts{"2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00",
              "2026-10-25T02:30:00+01:00", "2026-10-26T02:00:00+01:00"});
}

TEST_CASE("what is to happen at a transition can be chosen", "[cron]") {
  const Zone berlin = zone("Europe/Berlin");
  const Cron nightly = cron("30 2 * * *");
  const int64_t before_gap = seconds("2027-03-28T00:00:00Z");
  const auto lost = nightly.next(berlin, {.gap = Transitions::Gap::skip}, before_gap);
  REQUIRE(lost);
  CHECK(lost->shift == Slot::Shift::lost);
  CHECK(local_time_text(lost->local_s) == "2027-03-28T02:30:00");
  CHECK(berlin.text(nightly.next(berlin, {.gap = Transitions::Gap::skip}, lost->at_s)->at_s) ==
        "2027-03-29T02:30:00+02:00");

  const int64_t before_fold = seconds("2026-10-24T23:00:00Z");
  const Transitions last{.fold = Transitions::Fold::last};
  const auto second = nightly.next(berlin, last, before_fold);
  REQUIRE(second);
  CHECK(berlin.text(second->at_s) == "2026-10-25T02:30:00+01:00");
  CHECK(second->shift == Slot::Shift::last);

  const Transitions both{.fold = Transitions::Fold::both};
  const auto one = nightly.next(berlin, both, before_fold);
  REQUIRE(one);
  CHECK(one->shift == Slot::Shift::first);
  CHECK(berlin.text(nightly.next(berlin, both, one->at_s)->at_s) == "2026-10-25T02:30:00+01:00");

  // Minutes of an hour that does not exist follow real time, and are not lost unnoticed.
  const auto minute = cron("* 2 * * *").next(berlin, {}, before_gap);
  REQUIRE(minute);
  CHECK(minute->shift == Slot::Shift::lost);
}

TEST_CASE("a day that a zone leaves out is made up for once", "[cron]") {
  CHECK(
      times("0 2 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3) ==
      Texts{"2011-12-29T02:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T02:00:00+14:00"});
}
