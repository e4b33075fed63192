// engine schedule, as a person uses it.
#include "tests/support/catch.h"
#include "tests/support/cli.h"

using namespace engine;
using namespace engine::test;

TEST_CASE("schedule next tells the times of an expression") {
  const Cli cli;
  const Ended weekly = cli.run({"schedule", "next", "0 2 * * SUN", "--tz", "Europe/Berlin",
                                "--from", "2026-11-20T00:00:00Z", "-n", "2", "-o", "json"});
  CHECK(weekly.code == 0);
  CHECK(weekly.out == "{\"next\":[\"2026-11-22T02:00:00+01:00\",\"2026-11-29T02:00:00+01:00\"]}\n");

  const Ended gap = cli.run({"schedule", "next", "30 2 * * *", "--tz", "Europe/Berlin", "--from",
                             "2027-03-28T00:00:00Z", "-n", "1"});
  CHECK(gap.code == 0);
  CHECK(gap.out.contains("LOCAL (Europe/Berlin)"));
  CHECK(gap.out.contains("2027-03-28T03:00:00+02:00"));
  CHECK(gap.out.contains("2027-03-28T01:00:00Z"));
  CHECK(gap.out.contains("02:30 does not exist on this day: right after the gap"));

  const Ended seconds = cli.run({"schedule", "next", "*/30 * * * * *", "--seconds", "--tz", "UTC",
                                 "--from", "2026-11-20T00:00:10Z", "-n", "1", "-o", "json"});
  CHECK(seconds.out == "{\"next\":[\"2026-11-20T00:00:30+00:00\"]}\n");
}

TEST_CASE("schedule next tells the times of a runbook's schedules") {
  Cli cli;
  cli.env["ENGINE_RUNBOOKS"] = cli.folder() + "/books";
  cli.write("books/nightly.lua", R"(return runbook {
    summary = "Tidies up.",
    on = { cron("0 2 * * *", { tz = "America/New_York" }), every "15m", alert "DiskFull" },
    run = function() end,
  })");
  const Ended first = cli.run(
      {"schedule", "next", "nightly", "--from", "2026-11-01T00:00:00Z", "-n", "1", "-o", "json"});
  CHECK(first.out == "{\"next\":[\"2026-11-01T02:00:00-05:00\"]}\n");
  const Ended second = cli.run({"schedule", "next", "nightly#2", "--from", "2026-11-01T00:00:00Z",
                                "--tz", "UTC", "-n", "1", "-o", "json"});
  CHECK(second.out == "{\"next\":[\"2026-11-01T00:15:00+00:00\"]}\n");
  const Ended third = cli.run({"schedule", "next", "nightly#3"});
  CHECK(third.code == 65);
  CHECK(third.err.contains("the runbook 'nightly' has only 2"));
  CHECK(cli.run({"check", cli.folder() + "/books/nightly.lua"}).code == 0);
}

TEST_CASE("a wrong schedule is found by check and by show at its line") {
  Cli cli;
  const std::string file = cli.write("nightly.lua",
                                     "return runbook {\n  summary = \"Tidies up.\",\n"
                                     "  on = { cron(\"0 2 30 2 *\", { tz = \"UTC\" }) },\n"
                                     "  run = function() end,\n}\n");
  const Ended check = cli.run({"check", file});
  CHECK(check.code == 65);
  CHECK(check.out.contains(":3:"));
  CHECK(check.out.contains("no day of any year fits it"));
  const Ended show = cli.run({"show", file});
  CHECK(show.code == 65);
  CHECK(show.err.contains("no day of any year fits it"));
}
