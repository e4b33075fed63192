// JSON text: what is written is read back the same, and what is no JSON is refused where it goes
// wrong.
#include "engine/base/json.h"

#include <cmath>
#include <limits>

#include "engine/base/json_read.h"
#include "tests/support/catch.h"

using namespace engine;

namespace {

std::string again(std::string_view text) {
  const Result<JsonDocument> document = read_json(text);
  return document ? json_text(document->root()) : document.error().message;
}

std::string nested(int levels) { return std::string(levels, '[') + std::string(levels, ']'); }

}  // namespace

TEST_CASE("the writer places commas and escapes") {
  std::string text;
  JsonWriter json(text);
  json.begin_object().field("a", 1).key("b").begin_array().string("x\n\"\\\x01").null().end_array();
  json.field("c", true).field("d", 2.0).key("e").begin_object().end_object().end_object();

  CHECK(text == R"({"a":1,"b":["x\n\"\\\u0001",null],"c":true,"d":2.0,"e":{}})");
  CHECK(again(text) == text);
}

TEST_CASE("numbers keep their kind and their value") {
  for (const std::string text :
       {"9223372036854775807", "-9223372036854775808", "18446744073709551615", "0.1", "-0.0",
        "1e+300", "5e-324", "123456789.125"}) {
    CHECK(again(text) == text);
  }
  std::string text;
  JsonWriter json(text);
  json.begin_array()
      .number(std::nan(""))
      .number(std::numeric_limits<double>::infinity())
      .end_array();
  CHECK(text == "[null,null]");
}

TEST_CASE("bytes that are no text travel in base64") {
  const std::string bytes("\xff\0\x80z", 4);
  std::string text;
  JsonWriter(text).string(bytes);

  CHECK(text == R"({"$bytes":"/wCAeg=="})");
  CHECK(json_bytes(read_json(text)->root()) == bytes);
  CHECK(json_bytes(read_json("\"plain\"")->root()) == "plain");
  CHECK_FALSE(json_bytes(read_json("1")->root()));
}

TEST_CASE("base64 is read as strictly as it is written") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    CHECK(*base64_decode(base64_encode(text)) == text);
  }
  CHECK(base64_encode("fooba") == "Zm9vYmE=");
  for (const std::string text : {"Zg=", "Zg", "Z===", "Zh==", "Z g=", "Zm9\xff"}) {
    CHECK_FALSE(base64_decode(text));
  }
}

TEST_CASE("what is no JSON is refused with line and column") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 1, column 1: the text ends where a value is expected"},
      {"{\"a\":\n  1,}", "line 2, column 5: a key in double quotes is expected"},
      {"[1 2]", "line 1, column 4: a ',' or ']' is expected"},
      {"{\"a\" 1}", "line 1, column 6: a ':' is expected"},
      {"[01]", "line 1, column 3: a ',' or ']' is expected"},
      {"[\"a", "line 1, column 4: a string has no end"},
      {"[\"\\x\"]", "line 1, column 4: unknown escape in a string"},
      {"nul", "line 1, column 1: a value is expected"},
      {"1 2", "line 1, column 3: nothing more is expected after the value"},
      {"\"\xff\"", "it is not UTF-8"},
  };
  for (const auto& [text, why] : cases) CHECK(again(text) == "not valid JSON: " + why);
  CHECK_FALSE(read_json("NaN"));
  CHECK_FALSE(read_json("[1e400]"));
  CHECK_FALSE(read_json("'a'"));
}

TEST_CASE("depth is bounded") {
  CHECK(read_json(nested(kJsonDepthMax)));
  const auto deeper = read_json(nested(kJsonDepthMax + 1));
  REQUIRE_FALSE(deeper);
  CHECK(deeper.error().message == "the JSON text is nested more than 64 levels deep");
  CHECK_FALSE(read_json(std::string(1 << 20, '[')));
}

TEST_CASE("documents may be read while others are open") {
  const auto outer = read_json(R"({"text":"outer","number":7,"none":null,"yes":true})");
  const auto inner = read_json(R"({"text":"inner"})");

  CHECK(json_string(outer->root(), "text") == "outer");
  CHECK(json_string(inner->root(), "text") == "inner");
  CHECK(json_integer(outer->root(), "number") == 7);
  CHECK(json_boolean(outer->root(), "yes") == true);
  CHECK_FALSE(json_member(outer->root(), "none"));
  CHECK_FALSE(json_integer(outer->root(), "text"));
  CHECK_FALSE(json_string(read_json("[1]")->root(), "text"));
}

TEST_CASE("an error survives its JSON") {
  Error error(code::kTimeout, "it took \"long\"", "wait");
  error.operation = "a.b";
  error.details = R"({"n":1})";
  error.retryable = error.outcome_unknown = true;
  std::string text;
  append_error_json(text, error);
  const Error back = error_from_json(text);

  CHECK(back.code == error.code);
  CHECK(back.message == error.message);
  CHECK(back.hint == error.hint);
  CHECK(back.operation == error.operation);
  CHECK(back.details == error.details);
  CHECK(back.retryable);
  CHECK(back.outcome_unknown);
  CHECK(error_from_json("[]").code == code::kInternal);
}
