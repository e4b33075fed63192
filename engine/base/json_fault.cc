// Finds where a text stops being JSON, since simdjson only tells that it does.
#include <cstring>

#include "engine/base/json.h"
#include "engine/base/json_read.h"

namespace engine {
namespace {

// A plain recursive descent; every function leaves `at` behind what it accepted, or sets `why`.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool document() {
    if (!value(0)) return false;
    blank();
    return at == text_.size() || refuse("nothing more is expected after the value");
  }

  size_t at = 0;
  const char* why = "";

 private:
  bool refuse(const char* reason) {
    why = reason;
    return false;
  }
  bool more() const { return at < text_.size(); }
  bool is(const char* any) const { return more() && text_[at] != 0 && std::strchr(any, text_[at]); }
  void blank() {
    while (is(" \t\r\n")) ++at;
  }

  bool value(int depth) {
    blank();
    if (!more()) return refuse("the text ends where a value is expected");
    if (depth > kJsonDepthMax) return refuse("it is nested too deep");
    if (is("{")) return group('}', depth);
    if (is("[")) return group(']', depth);
    if (is("\"")) return string();
    if (is("-0123456789")) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at).starts_with(word)) {
        at += word.size();
        return true;
      }
    }
    return refuse("a value is expected");
  }

  bool group(char end, int depth) {
    ++at;
    blank();
    if (more() && text_[at] == end) return ++at, true;
    for (;;) {
      if (end == '}' && !name()) return false;
      if (!value(depth + 1)) return false;
      blank();
      if (more() && text_[at] == end) return ++at, true;
      if (!is(","))
        return refuse(end == '}' ? "a ',' or '}' is expected" : "a ',' or ']' is expected");
      ++at;
    }
  }

  bool name() {
    blank();
    if (!is("\"")) return refuse("a key in double quotes is expected");
    if (!string()) return false;
    blank();
    if (!is(":")) return refuse("a ':' is expected");
    return ++at, true;
  }

  bool string() {
    for (++at; more(); ++at) {
      const auto c = static_cast<unsigned char>(text_[at]);
      if (c == '"') return ++at, true;
      if (c < 0x20) return refuse("a control character in a string has to be escaped");
      if (c == '\\' && !escape()) return false;
    }
    return refuse("a string has no end");
  }

  bool escape() {
    ++at;
    if (is("\"\\/bfnrt")) return true;
    if (!is("u")) return refuse("unknown escape in a string");
    for (int i = 0; i < 4; ++i) {
      ++at;
      if (!is("0123456789abcdefABCDEF"))
        return refuse("four hexadecimal digits are expected after \\u");
    }
    return true;
  }

  bool digits() {
    if (!is("0123456789")) return refuse("a digit is expected");
    while (is("0123456789")) ++at;
    return true;
  }

  bool number() {
    const size_t begin = at;
    if (is("-")) ++at;
    if (is("0")) {
      ++at;
    } else if (!digits()) {
      return false;
    }
    if (is(".") && (++at, !digits())) return false;
    if (is("eE")) {
      ++at;
      if (is("+-")) ++at;
      if (!digits()) return false;
    }
    // What is left to be wrong with a well-formed number is its size, which simdjson refuses.
    if (at - begin >= 19) last_long_number = begin;
    return true;
  }

  std::string_view text_;

 public:
  size_t last_long_number = std::string_view::npos;
};

}  // namespace

std::string json_fault(std::string_view text) {
  Scanner scanner(text);
  if (scanner.document()) {
    if (!is_utf8(text)) return "it is not UTF-8";
    scanner.why = "a number is too large or a \\u escape is half a character";
    scanner.at = scanner.last_long_number == std::string_view::npos ? 0 : scanner.last_long_number;
  }
  size_t line = 1, column = 1;
  for (const char c : text.substr(0, scanner.at)) {
    line += c == '\n' ? 1 : 0;
    column = c == '\n' ? 1 : column + 1;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + scanner.why;
}

}  // namespace engine
