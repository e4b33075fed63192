// What goes to a terminal and what goes to a pipe.
#include "engine/cli/terminal.h"

#include "engine/cli/excerpt.h"
#include "engine/cli/failure.h"
#include "engine/cli/progress.h"
#include "engine/cli/report.h"
#include "engine/cli/table.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::cli;

namespace {

const Terminal kPlain{1, false, false};

}  // namespace

TEST_CASE("colour follows the flag, then NO_COLOR, then FORCE_COLOR, then the terminal") {
  CHECK(use_color(ColorWish::automatic, {}, true));
  CHECK_FALSE(use_color(ColorWish::automatic, {}, false));
  CHECK_FALSE(use_color(ColorWish::automatic, {{"NO_COLOR", "1"}}, true));
  CHECK_FALSE(use_color(ColorWish::automatic, {{"NO_COLOR", "1"}, {"FORCE_COLOR", "1"}}, true));
  CHECK(use_color(ColorWish::automatic, {{"NO_COLOR", ""}}, true));
  CHECK(use_color(ColorWish::automatic, {{"FORCE_COLOR", "1"}}, false));
  CHECK(use_color(ColorWish::automatic, {{"CLICOLOR_FORCE", "1"}}, false));
  CHECK_FALSE(use_color(ColorWish::automatic, {{"TERM", "dumb"}}, true));
  CHECK(use_color(ColorWish::always, {{"NO_COLOR", "1"}}, false));
  CHECK_FALSE(use_color(ColorWish::never, {{"FORCE_COLOR", "1"}}, true));
}

TEST_CASE("widths count columns, not bytes") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("äöü") == 3);
  CHECK(display_width("漢字") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\x1b[31mred\x1b[0m") == 3);
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(fitted("abcdef", 4) == "abc…");
  CHECK(fitted("漢字漢", 4) == "漢…");
  CHECK(fitted("abc", 3) == "abc");
}

TEST_CASE("control characters from outside never reach the terminal") {
  CHECK(made_visible("a\x1b[2Jb") == "a\\x1b[2Jb");
  CHECK(made_visible("a\tb\nc") == "a\tb\nc");
  CHECK(made_visible("\x9b"
                     "1m") == "\\x9b1m");
  CHECK(made_visible("\xc2\x9b") == "\\x9b");
  CHECK(made_visible("grün") == "grün");
}

TEST_CASE("a table aligns its columns") {
  Table table({"NAME", "COUNT"});
  table.row({"ä", "1"}).row({"longer", "100"}).right_aligned(1);

  CHECK(table.text(kPlain) == "NAME    COUNT\nä           1\nlonger    100\n");
}

TEST_CASE("a report shows text as it is, lists of maps as tables, maps as lines") {
  CHECK(report_text(R"("two\nlines")", kPlain) == "two\nlines\n");
  CHECK(report_text("null", kPlain).empty());
  CHECK(report_text(R"([{"mount":"/","used":91},{"mount":"/home","free":3}])", kPlain) ==
        "mount  used  free\n/        91     -\n/home     -     3\n");
  CHECK(report_text(R"({"a":1,"long":[1,2]})", kPlain) == "a     1\nlong  [1,2]\n");
  CHECK(report_text(R"(["x",2])", kPlain) == "x\n2\n");
  CHECK(report_text("[]", kPlain).empty());
}

TEST_CASE("an excerpt puts its caret under the column, tabs and wide characters included") {
  CHECK(excerpt("\tx = = 2", 7, 6, kPlain) == "  7 |     x = = 2\n    |         ^\n");
  CHECK(excerpt("漢 =", 12, 5, kPlain) == "  12 | 漢 =\n     |    ^\n");
}

TEST_CASE("a failure names code, operation, hint and the runbook's line") {
  const std::string text = failure_text(
      R"({"code":"NOT_FOUND","message":"no file '/x'","operation":"fs.read","hint":"look again",)"
      R"("traceback":[{"source":"a.lua","line":3,"function":"step 'Read'"}],"excerpt":"  fs.read{ path = p }"})",
      kPlain);

  CHECK(text ==
        "error: no file '/x' (NOT_FOUND)\n"
        "operation: fs.read\n"
        "a.lua:3:\n"
        "  3 |   fs.read{ path = p }\n"
        "    |   ^\n"
        "hint: look again\n"
        "traceback:\n"
        "  at a.lua:3 in step 'Read'\n");
}

TEST_CASE("progress in a pipe is a line for each beginning and end") {
  Progress progress({.live = false, .debug = false}, kPlain);
  progress.take(R"({"t":"step","id":1,"parent":0,"name":"Outer","at":1000})");
  progress.take(R"({"t":"step","id":2,"parent":1,"name":"Inner","at":1100})");
  progress.take(
      R"({"t":"log","level":"warn","msg":"careful","fields":{"disk":"/","n":1},"step":2,"at":1150})");
  progress.take(R"({"t":"log","level":"debug","msg":"noise","at":1150})");
  progress.take(
      R"({"t":"end_step","id":2,"at":1200,"error":{"code":"FAILED","message":"broken"}})");
  progress.take(R"({"t":"end_step","id":1,"at":3000})");
  progress.take("not json");

  CHECK(progress.said() ==
        "step: Outer\n"
        "  step: Inner\n"
        "    warn: careful disk=/ n=1\n"
        "  failed: Inner (100ms): broken\n"
        "ok: Outer (2s)\n");
  CHECK(progress.said().empty());
}

TEST_CASE("live progress shows what is open, within the width and the number of lines") {
  const Terminal terminal{2, true, false};
  Progress progress({.live = true, .debug = false}, terminal);
  progress.take(R"({"t":"step","id":1,"parent":0,"name":"Outer","at":1000})");
  progress.take(
      R"({"t":"step","id":2,"parent":1,"name":"A step with a name that is too long","at":1000})");
  progress.take(R"({"t":"call","p":"","n":1,"op":"fs.remove","step":2,"at":1500})");

  const std::vector<std::string> lines = progress.live(2000, 24, 10, 0);
  REQUIRE(lines.size() == 3);
  for (const std::string& line : lines) CHECK(display_width(line) <= 24);
  CHECK(lines[2].find("fs.remove") != std::string::npos);
  CHECK(progress.live(2000, 24, 2, 0).size() == 2);

  progress.take(R"({"t":"result","p":"","n":1,"at":1600,"ok":null})");
  progress.take(R"({"t":"end_step","id":2,"at":1700})");
  progress.take(R"({"t":"end_step","id":1,"at":1700})");
  CHECK(progress.live(2000, 24, 10, 0).empty());
  CHECK(progress.said().find("✓ Outer") != std::string::npos);
}

TEST_CASE("a dry run's plan lists what would be done") {
  Progress progress({}, kPlain);
  CHECK(progress.plan() == "plan: the run would change nothing\n");
  progress.take(
      R"({"t":"op","p":"","n":1,"op":"fs.list","args":{},"effect":"read","line":"a.lua:1","ok":[]})");
  progress.take(
      R"({"t":"op","p":"","n":2,"op":"fs.remove","args":{"path":"/x"},"effect":"destroy","line":"a.lua:2","planned":true,"ok":null})");

  CHECK(progress.plan() ==
        "plan: what the run would do (nothing was changed)\n"
        "   1. fs.remove {\"path\":\"/x\"}  (destroy, a.lua:2)\n");
}
