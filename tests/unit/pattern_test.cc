// What the pattern matcher promises: stock Lua's answers, and an error where stock Lua would never
// end.
#include "engine/lua/pattern.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

using engine::lua::Matcher;

namespace {

struct Search {
  Search(std::string text, std::string pattern, bool anchors = true)
      : text(std::move(text)),
        pattern(std::move(pattern)),
        frames(Matcher::frames_needed(this->pattern)),
        matcher(this->text, this->pattern, anchors, frames) {
    matcher.search(0);
  }

  Matcher::Outcome finish(int64_t slice = 1'000) {
    Matcher::Outcome outcome;
    do {
      ++turns;
      outcome = matcher.run(slice);
    } while (outcome == Matcher::Outcome::paused);
    return outcome;
  }
  std::string found() {
    if (finish() != Matcher::Outcome::matched) return "none";
    return text.substr(matcher.match_start(), matcher.match_end() - matcher.match_start());
  }

  std::string text, pattern;
  std::vector<engine::lua::PatternFrame> frames;
  Matcher matcher;
  int turns = 0;
};

}  // namespace

TEST_CASE("a pattern finds what Lua's would") {
  struct Case {
    const char *text, *pattern, *found;
  };
  const Case cases[] = {
      {"key = value", "%w+", "key"},
      {"key = value", "^=", "none"},
      {"a(b(c)d)e", "%b()", "(b(c)d)"},
      {"THE (quick) fox", "%f[%a]%a+%f[%A]", "THE"},
      {"aaab", "a-b", "aaab"},
      {"aaab", "a*", "aaa"},
      {"[[x]]", "[]]+", "]]"},
      {"a-z", "[a%-]+", "a-"},
      {"say \"hi\"", "([\"'])(.-)%1", "\"hi\""},
      {"colour", "colou?r", "colour"},
      {"50%", "%d+%%$", "50%"},
      {"", "", ""},
  };
  for (const Case& c : cases) {
    INFO(c.pattern << " on " << c.text);
    CHECK(Search(c.text, c.pattern).found() == c.found);
  }
}

TEST_CASE("a pattern that is not well formed is refused in Lua's words") {
  const std::pair<const char*, const char*> cases[] = {
      {"[a", "malformed pattern (missing ']')"},
      {"%", "malformed pattern (ends with '%')"},
      {"a)", "invalid pattern capture"},
      {"%f", "missing '[' after '%f' in pattern"},
      {"%b(", "malformed pattern (missing arguments to '%b')"},
  };
  for (const auto& [pattern, problem] : cases) {
    Search search("aaa", pattern);
    CHECK(search.finish() == Matcher::Outcome::malformed);
    CHECK(std::string(search.matcher.problem()) == problem);
  }
}

TEST_CASE("a pattern that explodes ends as exhausted, turn by turn") {
  Search search(std::string(900, 'a'), ".-.-.-.-b");

  CHECK(search.finish(10'000) == Matcher::Outcome::exhausted);
  CHECK(search.turns > 100);
}

TEST_CASE("a search over a long text is paused and goes on where it was") {
  Search search(std::string(1'000'000, 'a') + "b", "a-(b)$");

  CHECK(search.finish(1'000) == Matcher::Outcome::matched);
  CHECK(search.turns > 100);
  CHECK(search.matcher.match_end() == 1'000'001);
  CHECK(search.matcher.captures().size() == 1);
}

TEST_CASE("searching on finds each empty match once") {
  Search search("ab", "x*", false);
  std::vector<size_t> starts;
  while (search.finish() == Matcher::Outcome::matched) {
    starts.push_back(search.matcher.match_start());
    search.matcher.search_on();
  }

  CHECK(starts == std::vector<size_t>{0, 1, 2});
}

TEST_CASE("the class of the zero byte is there as in stock Lua", "[pattern]") {
  CHECK(Search(std::string("az\0b", 4), "%z").found() == std::string("\0", 1));
  CHECK(Search(std::string("\0a", 2), "%Z").found() == "a");
}
