// Command lines, terminals, tables: the parts of the program that need no process.
#include "engine/cli/arguments.h"

#include "engine/cli/exit_codes.h"
#include "engine/cli/fields.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::cli;

namespace {

const std::vector<Flag> kFlags = {
    {"output", 'o', "FORMAT", "", false, false},
    {"quiet", 'q', "", "", false, false},
    {"clean", 0, "", "", true, false},
    {"max-age", 0, "DURATION", "", false, false},
};

Result<Parsed> parsed(Words words, StopAt stop = StopAt::end) { return parse(words, kFlags, stop); }

ops::Field declared(const char* name, ops::Type type, std::optional<ops::Type> item = {}) {
  ops::Field field;
  field.name = name;
  field.type = type;
  field.item = item;
  return field;
}

}  // namespace

TEST_CASE("a flag's value stands apart, after '=', or right behind its letter") {
  for (const Words& words : std::vector<Words>{{"--output", "json"},
                                               {"--output=json"},
                                               {"-o", "json"},
                                               {"-ojson"},
                                               {"-o=json"},
                                               {"-qo", "json"}}) {
    const auto result = parsed(words);
    REQUIRE(result);
    CHECK(result->value("output") == "json");
  }
}

TEST_CASE("an underscore in a flag counts as a dash, and the last value holds") {
  const auto result = parsed({"--max_age", "1h", "--max-age=2h", "word"});
  REQUIRE(result);
  CHECK(result->value("max-age") == "2h");
  CHECK(result->words == Words{"word"});
}

TEST_CASE("a negatable switch can be switched off") {
  CHECK(parsed({"--clean"})->has("clean"));
  CHECK_FALSE(parsed({"--clean", "--no-clean"})->has("clean"));
  CHECK(parsed({"--clean=false"})->value("clean") == "false");
}

TEST_CASE("two dashes end the flags") {
  const auto result = parsed({"--", "--quiet", "-o"});
  REQUIRE(result);
  CHECK(result->words == Words{"--quiet", "-o"});
  CHECK_FALSE(result->has("quiet"));
}

TEST_CASE("parsing can stop at the first word") {
  const auto result = parsed({"-q", "run", "--unknown", "x"}, StopAt::first_word);
  REQUIRE(result);
  CHECK(result->words == Words{"run"});
  CHECK(result->rest == Words{"--unknown", "x"});
}

TEST_CASE("a command line that does not fit says why") {
  struct Case {
    Words words;
    std::string message, hint;
  };
  const std::vector<Case> cases = {
      {{"--otput", "json"}, "no flag named --otput", "did you mean --output?"},
      {{"--no-claen"}, "no flag named --no-claen", "did you mean --no-clean?"},
      {{"--output"}, "--output needs a value", "write --output FORMAT"},
      {{"--quiet=yes"}, "--quiet takes no value", ""},
      {{"--no-clean=true"}, "--no-clean takes no value", ""},
      {{"-x"}, "no flag named -x", ""},
      {{"--clean=maybe"}, "--clean takes no value", ""},
      {{"--="}, "no flag named --", ""},
  };
  for (const Case& each : cases) {
    const auto result = parsed(each.words);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == code::kInvalidArgument);
    CHECK(result.error().message == each.message);
    CHECK(result.error().hint == each.hint);
  }
}

TEST_CASE("declared parameters become flags, and flags the JSON of their types") {
  const std::vector<ops::Field> fields = {
      declared("since", ops::Type::duration),
      declared("max_count", ops::Type::integer),
      declared("clean", ops::Type::boolean),
      declared("tags", ops::Type::list, ops::Type::string),
      declared("labels", ops::Type::map, ops::Type::integer),
      declared("password", ops::Type::secret),
      declared("extra", ops::Type::any),
  };
  const std::vector<Flag> flags = flags_of(fields);
  const auto json = [&](const Words& words) {
    const auto result = parse(words, flags);
    return result ? arguments_json(fields, *result).value_or("refused") : result.error().message;
  };

  CHECK(json({}) == "{}");
  CHECK(json({"--since", "1h", "--max-count", "12", "--no-clean"}) ==
        R"({"since":"1h","max_count":12,"clean":false})");
  CHECK(json({"--max-count", "twelve"}) == R"({"max_count":"twelve"})");
  CHECK(json({"--tags", "a,b", "--tags", "c"}) == R"({"tags":["a,b","c"]})");
  CHECK(json({"--tags", R"(["x"])"}) == R"({"tags":["x"]})");
  CHECK(json({"--labels", "a=1", "--labels", "$b=2", "--labels", "a=3"}) ==
        R"({"labels":{"$$b":2,"a":3}})");
  CHECK(json({"--labels", "novalue"}) == "refused");
  CHECK(json({"--password", "db"}) == R"({"password":{"$secret":"db"}})");
  CHECK(json({"--extra", "{\"a\": [1]}"}) == R"({"extra":{"a": [1]}})");
  CHECK(json({"--extra", "plain"}) == R"({"extra":"plain"})");
}

TEST_CASE("exit codes follow the table") {
  CHECK(exit_of(Error(code::kNotFound, "")) == 65);
  CHECK(exit_of(Error(code::kInvalidArgument, "")) == 65);
  CHECK(exit_of(Error(code::kBackendUnavailable, "")) == 69);
  CHECK(exit_of(Error(code::kDiskFull, "")) == 69);
  CHECK(exit_of(Error(code::kInternal, "")) == 70);
  CHECK(exit_of(Error(code::kPermissionDenied, "")) == 77);
  CHECK(exit_of_run("succeeded", "") == 0);
  CHECK(exit_of_run("failed", "FAILED") == 1);
  CHECK(exit_of_run("failed", code::kTimeout) == 124);
  CHECK(exit_of_run("failed", code::kPermissionDenied) == 77);
  CHECK(exit_of_run("cancelled", code::kCancelled) == 130);
}
