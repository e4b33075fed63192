// Durations, sizes and times, as people write and read them.
#include "engine/base/units.h"

#include <cstdlib>
#include <ctime>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

using namespace engine;

TEST_CASE("durations are exact") {
  const std::vector<std::pair<std::string, int64_t>> good = {{"0", 0},
                                                             {"0s", 0},
                                                             {"250ms", 250},
                                                             {"1.5s", 1500},
                                                             {"1h30m", 5400000},
                                                             {"2d", 172800000},
                                                             {"1w", 604800000},
                                                             {"0.1s", 100},
                                                             {"1w2d3h4m5s6ms", 788645006},
                                                             {"0.5h", 1800000},
                                                             {"9223372036854775807ms", INT64_MAX}};
  for (const auto& [text, ms] : good)
    CHECK(parse_duration(text).value_or(Millis(-1)) == Millis(ms));

  for (const std::string text : {"",
                                 "5",
                                 "s",
                                 "-1s",
                                 "+1s",
                                 "1x",
                                 "1S",
                                 "1m1h",
                                 "1s1s",
                                 "1.s",
                                 ".5s",
                                 "1..5s",
                                 "1 s",
                                 " 1s",
                                 "1s ",
                                 "0.0001s",
                                 "9223372036854775808ms",
                                 "9223372036854775807s",
                                 "99999999999999999999s",
                                 "1e3s"}) {
    CAPTURE(text);
    const auto refused = parse_duration(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == code::kInvalidArgument);
    CHECK_FALSE(refused.error().hint.empty());
  }
}

TEST_CASE("a formatted duration is read back as the same") {
  CHECK(format_duration(Millis(5400000)) == "1h30m");
  CHECK(format_duration(Millis(0)) == "0s");
  CHECK(format_duration(Millis(1500)) == "1.5s");
  CHECK(format_duration(Millis(250)) == "250ms");
  for (const int64_t ms : {1LL, 999LL, 1000LL, 1001LL, 59999LL, 60000LL, 86400000LL, 788645006LL}) {
    CHECK(*parse_duration(format_duration(Millis(ms))) == Millis(ms));
  }
  CHECK(*parse_duration(format_duration(Millis::max())) == Millis::max());
}

TEST_CASE("a duration for a person's eye is short") {
  const std::vector<std::pair<int64_t, std::string>> cases = {
      {0, "0ms"},        {999, "999ms"},       {1000, "1s"},
      {1240, "1.24s"},   {9994, "9.99s"},      {9995, "10s"},
      {12340, "12.3s"},  {59949, "59.9s"},     {59950, "1m"},
      {123000, "2m 3s"}, {12000000, "3h 20m"}, {86400000, "1d"},
      {-5, "0ms"},       {3599500, "1h"},      {INT64_MAX, "106751991167d 7h"}};
  for (const auto& [ms, text] : cases) CHECK(human_duration(Millis(ms)) == text);
}

TEST_CASE("sizes are exact") {
  const std::vector<std::pair<std::string, int64_t>> good = {
      {"0", 0},           {"512", 512},
      {"512B", 512},      {"64KiB", 65536},
      {"10MB", 10000000}, {"10M", 10000000},
      {"10Mi", 10485760}, {"1.5GiB", 1610612736},
      {"1k", 1000},       {"1.5 GiB", 1610612736},
      {"0.5KiB", 512},    {"7EiB", 8070450532247928832}};
  for (const auto& [text, bytes] : good) CHECK(parse_size(text).value_or(-1) == bytes);

  for (const std::string text : {"", "B", "-1", "1.5", "0.1KiB", "8EiB", "1X", "1KiBs", "1 ", "1iB",
                                 "1e3", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("a size for a person's eye is short") {
  const std::vector<std::pair<int64_t, std::string>> cases = {
      {0, "0 B"},         {1023, "1023 B"},        {1024, "1 KiB"},      {1536, "1.5 KiB"},
      {1048575, "1 MiB"}, {1610612736, "1.5 GiB"}, {INT64_MAX, "8 EiB"}, {-1, "0 B"}};
  for (const auto& [bytes, text] : cases) CHECK(human_size(bytes) == text);
}

TEST_CASE("points in time are read with their offset") {
  CHECK(*parse_time("1970-01-01T00:00:00Z") == 0);
  CHECK(*parse_time("2026-11-21T02:00:00Z") == 1795226400000);
  CHECK(*parse_time("2026-11-21T03:00:00+01:00") == 1795226400000);
  CHECK(*parse_time("2026-11-20 21:30:00.5-04:30") == 1795226400500);
  CHECK(*parse_time("2026-11-21t02:00:00.123999z") == 1795226400123);
  CHECK(*parse_time("1969-12-31T23:59:59.999Z") == -1);
  CHECK(format_time_utc(*parse_time("9999-12-31T23:59:59.999Z")) == "9999-12-31T23:59:59.999Z");
  CHECK(format_time_utc(*parse_time("0000-01-01T00:00:00Z")) == "0000-01-01T00:00:00.000Z");
  for (const std::string text :
       {"0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "", "2026-11-21",
        "2026-11-21T02:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T02:60:00Z", "2026-11-21T02:00:00+0100",
        "2026-11-21T02:00:00.Z", "2026-11-21T02:00:00Zx", "2026/11/21T02:00:00Z",
        "x026-11-21T02:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("points in time are written in UTC and with the local offset") {
  CHECK(format_time_utc(1795226400123) == "2026-11-21T02:00:00.123Z");
  CHECK(format_time_utc(-1) == "1969-12-31T23:59:59.999Z");
  for (const int64_t ms : {INT64_MIN, INT64_MAX}) CHECK_FALSE(format_time_utc(ms).empty());
  CHECK(*parse_time(format_time_local(1795226400123)) == 1795226400123);
}
