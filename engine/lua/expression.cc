// Expressions, and what of them is known without running anything.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "engine/base/json.h"
#include "engine/lua/parser.h"

namespace engine::lua {
namespace {

constexpr int kDepthMax = 500;
constexpr int kUnaryLimit = 12;

struct Binary {
  std::string_view symbol;
  int left, right;
};
constexpr std::array<Binary, 21> kBinary = {{
    {"or", 1, 1},   {"and", 2, 2}, {"<", 3, 3},   {">", 3, 3},   {"<=", 3, 3},  {">=", 3, 3},
    {"~=", 3, 3},   {"==", 3, 3},  {"|", 4, 4},   {"~", 5, 5},   {"&", 6, 6},   {"<<", 7, 7},
    {">>", 7, 7},   {"..", 9, 8},  {"+", 10, 10}, {"-", 10, 10}, {"*", 11, 11}, {"/", 11, 11},
    {"//", 11, 11}, {"%", 11, 11}, {"^", 14, 13},
}};

const Binary* binary(const Token& token) {
  if (token.kind != Token::Kind::symbol && token.kind != Token::Kind::keyword) return nullptr;
  const auto found = std::ranges::find(kBinary, token.text, &Binary::symbol);
  return found == kBinary.end() ? nullptr : found;
}

}  // namespace

void Parser::used(const Expression& expression) {
  if (expression.kind == Expression::Kind::path && !expression.reported && !failed_)
    listener_.used(expression);
}

Expression Parser::value() {
  Expression read = expression();
  used(read);
  return read;
}

std::vector<Expression> Parser::expressions() {
  std::vector<Expression> list;
  do {
    list.push_back(expression());
  } while (take(","));
  return list;
}

Expression Parser::expression(int limit) {
  if (++depth_ > kDepthMax) stop();
  if (failed_) return {};
  const Token& first = token();
  Expression left;
  if (is("-") && tokens_[std::min(at_ + 1, tokens_.size() - 1)].kind == Token::Kind::number) {
    next();
    left = number(token(), true);
    next();
    if (is("^")) left = Expression{};
  } else if (is("not") || is("-") || is("#") || is("~")) {
    next();
    used(expression(kUnaryLimit));
    left.at = {first.begin, last().end, first.line};
  } else {
    left = simple();
  }
  while (!failed_) {
    const Binary* operation = binary(token());
    if (!operation || operation->left <= limit) break;
    next();
    used(left);
    used(expression(operation->right));
    left = Expression{};
    left.at = {first.begin, last().end, first.line};
  }
  --depth_;
  return left;
}

Expression Parser::literal(std::string json) {
  const Token& here = token();
  Expression made;
  made.kind = Expression::Kind::literal;
  made.at = {here.begin, here.end, here.line};
  made.text = std::move(json);
  next();
  return made;
}

// What has no exact JSON form (hexadecimal floats, infinities) stays unknown. Leaves the token to
// the caller.
Expression Parser::number(const Token& token, bool negative) {
  Expression made;
  made.at = {negative ? token.begin - 1 : token.begin, token.end, token.line};
  const std::string digits(token.text);
  if (digits.find_first_not_of("0123456789") == std::string::npos && digits.size() < 19) {
    made.kind = Expression::Kind::literal;
    made.text = (negative ? "-" : "") + std::to_string(std::strtoll(digits.c_str(), nullptr, 10));
  } else if (const double read = std::strtod(digits.c_str(), nullptr); std::isfinite(read)) {
    made.kind = Expression::Kind::literal;
    JsonWriter(made.text).number(negative ? -read : read);
  }
  return made;
}

Expression Parser::simple() {
  const Token& here = token();
  if (here.kind == Token::Kind::number) {
    Expression read = number(here, false);
    next();
    return read;
  }
  if (here.kind == Token::Kind::string) {
    const std::string text = string_value(here);
    std::string json;
    if (is_utf8(text)) append_json_string(json, text);
    Expression read = literal(std::move(json));
    if (read.text.empty()) read.kind = Expression::Kind::unknown;
    return read;
  }
  if (is("true") || is("false")) return literal(std::string(here.text));
  if (is("nil")) {
    Expression read = literal("null");
    read.kind = Expression::Kind::nil;
    return read;
  }
  if (is("{")) return table();
  Expression read;
  read.at = {here.begin, here.end, here.line};
  if (take("...")) return read;
  if (!take("function")) return suffixed();
  body(false);
  return read;
}

Expression Parser::named(const Token& name) {
  Expression made;
  made.kind = Expression::Kind::path;
  made.at = {name.begin, name.end, name.line};
  made.text = name.text;
  const auto found = std::find_if(scope_.rbegin(), scope_.rend(),
                                  [&](auto* each) { return each->name == name.text; });
  if (found == scope_.rend()) return made;
  made.through = *found;
  made.reported = true;
  made.text = (*found)->path;
  return made;
}

Expression Parser::primary() {
  if (!take("(")) return named(name());
  const Token& first = last();
  value();
  expect(")");
  Expression made;
  made.at = {first.begin, last().end, first.line};
  return made;
}

Expression Parser::suffixed() {
  if (++depth_ > kDepthMax) stop();
  if (failed_) return {};
  Expression read = primary();
  // A local that is no other name for anything is known to be a local, and no more.
  const auto forget = [&] {
    used(read);
    read = Expression{Expression::Kind::unknown,
                      {read.at.begin, last().end, read.at.line},
                      "",
                      nullptr,
                      false,
                      {},
                      false};
  };
  while (!failed_) {
    if (take(".")) {
      const Token& member = name();
      if (read.kind == Expression::Kind::path && !read.text.empty()) {
        read.text += "." + std::string(member.text);
        read.at.end = member.end;
        read.reported = false;
      } else {
        forget();
      }
    } else if (take("[")) {
      forget();
      value();
      expect("]");
    } else if (take(":")) {
      forget();
      name();
      for (const Expression& argument : arguments()) used(argument);
    } else if (is("(") || is("{") || token().kind == Token::Kind::string) {
      call(read);
    } else {
      break;
    }
  }
  --depth_;
  return read;
}

void Parser::call(Expression& callee) {
  const std::vector<Expression> given = arguments();
  for (const Expression& argument : given) used(argument);
  used(callee);
  if (callee.kind == Expression::Kind::path && !callee.text.empty() && !failed_)
    listener_.called(callee, given);
  Expression result;
  result.at = {callee.at.begin, last().end, callee.at.line};
  callee = std::move(result);
}

std::vector<Expression> Parser::arguments() {
  if (is("{")) return {table()};
  if (token().kind == Token::Kind::string) return {simple()};
  expect("(");
  if (take(")")) return {};
  std::vector<Expression> given = expressions();
  expect(")");
  return given;
}

Expression Parser::table() {
  const Token& first = token();
  Expression made;
  made.kind = Expression::Kind::table;
  expect("{");
  while (!failed_ && !is("}")) {
    Field read = field();
    used(read.value);
    if (read.name.empty() && read.value.kind == Expression::Kind::unknown) made.open = true;
    if (read.name == "[") {
      made.open = true;
    } else {
      made.fields.push_back(std::move(read));
    }
    if (!take(",") && !take(";")) break;
  }
  expect("}");
  made.at = {first.begin, last().end, first.line};
  return made;
}

// A field with a computed key has the name "[".
Field Parser::field() {
  const Token& first = token();
  Field made;
  made.at = {first.begin, first.end, first.line};
  const bool named =
      first.kind == Token::Kind::name && tokens_[std::min(at_ + 1, tokens_.size() - 1)].is("=");
  if (named) {
    made.name = first.text;
    next();
    next();
  } else if (take("[")) {
    made.name = "[";
    const bool plain = token().kind == Token::Kind::string;
    const Expression key = value();
    if (plain && key.kind == Expression::Kind::literal && last().kind == Token::Kind::string) {
      made.name = string_value(last());
      made.at = key.at;
    }
    expect("]");
    expect("=");
  }
  made.value = expression();
  return made;
}

}  // namespace engine::lua
