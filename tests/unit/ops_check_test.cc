// What the argument check accepts, completes and refuses.
#include "engine/ops/check.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::ops;

namespace {

Field field(std::string name, Type type, bool required = false) {
  Field made;
  made.name = std::move(name);
  made.type = type;
  made.required = required;
  return made;
}

Operation stop() {
  Operation op;
  op.name = "box.stop";
  op.summary = "Stops a box.";
  op.target = "id";
  Field grace = field("grace", Type::duration);
  REQUIRE(set_default(grace, "\"10s\""));
  grace.max = 60'000;
  Field mode = field("mode", Type::choice);
  mode.choices = {"soft", "hard"};
  Field env = field("env", Type::map);
  env.item = Type::string;
  env.secrets = true;
  Field tags = field("tags", Type::list);
  tags.item = Type::integer;
  op.params = {field("id", Type::string, true),
               grace,
               mode,
               env,
               tags,
               field("key", Type::secret),
               field("limit", Type::size),
               field("at", Type::time),
               field("ratio", Type::number),
               field("force", Type::boolean),
               field("count", Type::integer),
               field("any", Type::any)};
  return op;
}

std::string refused(const std::string& args) {
  const Result<std::string> checked = check_args(stop(), args);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == code::kInvalidArgument);
  CHECK(checked.error().operation == "box.stop");
  CHECK(
      checked.error().hint.starts_with("call it as box.stop{ id = <string>, [grace = <duration>]"));
  return checked.error().message;
}

}  // namespace

TEST_CASE("arguments come out complete with defaults, in the operation's units") {
  CHECK(*check_args(stop(), R"({"id":"db"})") == R"({"id":"db","grace":10000})");
  CHECK(*check_args(stop(),
                    R"({"id":"db","grace":"1m","limit":"64KiB","at":"2026-11-21T02:00:00Z"})") ==
        R"({"id":"db","grace":60000,"limit":65536,"at":1795226400000})");
  CHECK(*check_args(stop(), R"({"id":"db","count":5.0,"ratio":2,"force":true,"any":[1,null]})") ==
        R"({"id":"db","grace":10000,"ratio":2,"force":true,"count":5,"any":[1,null]})");
  CHECK(*check_args(stop(), R"({"id":{"$bytes":"/w=="},"env":[],"tags":[1,2]})") ==
        R"({"id":{"$bytes":"/w=="},"grace":10000,"env":{},"tags":[1,2]})");
  CHECK(*check_args(stop(), R"({"id":"db","mode":null})") == R"({"id":"db","grace":10000})");
}

TEST_CASE("a runbook sees its parameters as they were written") {
  const Operation op = stop();
  CHECK(*check_fields("quick", "parameter", op.params, R"({"id":"db","limit":"2MB"})",
                      Form::as_written) == R"({"id":"db","grace":"10s","limit":"2MB"})");
}

TEST_CASE(
    "an argument error names the operation, the parameter, what was given and what is expected") {
  CHECK(refused("{}") == "box.stop: parameter 'id' is missing; it takes a string");
  CHECK(refused(R"({"id":"a","grce":"1s"})") ==
        "box.stop: there is no parameter 'grce'; did you mean 'grace'?");
  CHECK(refused(R"({"id":7})") == "box.stop: parameter 'id' takes a string, not 7");
  CHECK(refused(R"({"id":"a","grace":30})") ==
        "box.stop: parameter 'grace' takes a duration such as \"30s\", not 30");
  CHECK(refused(R"({"id":"a","grace":"2m"})") ==
        "box.stop: parameter 'grace' is at most 1m, not \"2m\"");
  CHECK(refused(R"({"id":"a","mode":"sofd"})") ==
        "box.stop: parameter 'mode' takes \"soft\" or \"hard\", not \"sofd\"; did you mean "
        "\"soft\"?");
  CHECK(refused(R"({"id":"a","tags":[1,"x"]})") ==
        "box.stop: parameter 'tags' item 2 takes an integer, not \"x\"");
  CHECK(refused(R"({"id":"a","env":{"A":1}})") ==
        "box.stop: parameter 'env' entry 'A' takes a string, not 1");
  CHECK(refused(R"({"id":"a","count":1.5})") ==
        "box.stop: parameter 'count' takes an integer, not 1.5");
  CHECK(refused("[1]") == "box.stop takes one table of named arguments");
}

TEST_CASE("secrets are references, and stand only where a parameter says so") {
  CHECK(check_args(stop(), R"({"id":"a","key":{"$secret":"pw"},"env":{"PW":{"$secret":"pw"}}})"));
  CHECK(refused(R"({"id":"a","key":"hunter2"})").find("never the value itself") !=
        std::string::npos);
  CHECK(refused(R"({"id":{"$secret":"pw"}})").find("does not take a secret") != std::string::npos);
  CHECK(refused(R"({"id":"a","any":{"x":{"$secret":"pw"}}})").find("does not take a secret") !=
        std::string::npos);
}

TEST_CASE("a dry run's placeholder is taken for any type") {
  CHECK(check_args(stop(),
                   R"({"id":{"$planned":"box.create at x.lua:3"},"count":{"$planned":"x"}})"));
  CHECK(holds_placeholder(R"({"id":{"$planned":"x"}})"));
  CHECK_FALSE(holds_placeholder(R"({"id":"\"$planned\":","$$planned":1})"));
}

TEST_CASE("sensitive arguments are not what the journal keeps") {
  Field password = field("password", Type::string);
  password.sensitive = true;
  const std::vector<Field> fields = {field("id", Type::string), password,
                                     field("key", Type::secret)};
  std::string args = R"({"id":"a","password":"hunter2","key":"hunter3"})";
  redact(fields, args);
  CHECK(args == R"({"id":"a","password":{"$hidden":true},"key":{"$hidden":true}})");
  args = R"({"key":{"$secret":"pw"}})";
  redact(fields, args);
  CHECK(args == R"({"key":{"$secret":"pw"}})");
  args = R"({"password":{"A":{"$secret":"pw"},"B":"hunter2","C":[1,{"$secret":"x"}]}})";
  redact(fields, args);
  CHECK(
      args.find(
          R"("A":{"$secret":"pw"},"B":{"$hidden":true},"C":[{"$hidden":true},{"$secret":"x"}])") !=
      std::string::npos);
}

TEST_CASE("the target is what the target parameter says, or its first item") {
  Operation op = stop();
  CHECK(target_of(op, R"({"id":"db"})") == "db");
  op.target = "tags";
  CHECK(target_of(op, R"({"tags":[4,5]})") == "4");
  CHECK(target_of(op, R"({})").empty());
}
