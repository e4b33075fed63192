// Statements and scopes.
#include "engine/lua/parser.h"

#include <algorithm>

namespace engine::lua {
namespace {

constexpr int kDepthMax = 500;  // Lua itself refuses 200 levels

}  // namespace

Parser::Parser(std::string_view source, Listener& listener)
    : tokens_(tokens_of(source)), listener_(listener) {}

bool Parser::run() {
  block();
  return !failed_ && token().kind == Token::Kind::end;
}

void Parser::next() {
  if (!failed_ && at_ + 1 < tokens_.size()) ++at_;
}

bool Parser::take(std::string_view word) {
  if (failed_ || !is(word)) return false;
  next();
  return true;
}

void Parser::expect(std::string_view word) {
  if (!take(word)) stop();
}

const Token& Parser::name() {
  const Token& token = tokens_[at_];
  if (token.kind != Token::Kind::name) stop();
  next();
  return token;
}

Variable& Parser::declare(std::string_view name) {
  if (name == "_ENV") listener_.assigned("_ENV");  // then no global is what it seems
  Variable& variable = variables_.emplace_back(Variable{std::string(name), "", false});
  scope_.push_back(&variable);
  return variable;
}

bool Parser::block_ends() const {
  const Token::Kind kind = token().kind;
  return failed_ || kind == Token::Kind::end || kind == Token::Kind::bad || is("end") ||
         is("else") || is("elseif") || is("until");
}

void Parser::block() {
  if (++depth_ > kDepthMax) stop();
  while (!block_ends()) {
    if (is("return")) {
      return_statement();
      break;
    }
    statement();
  }
  --depth_;
}

void Parser::statement() {
  const size_t outer = scope_.size();
  if (take(";") || take("break")) return;
  if (is("if")) return if_statement();
  if (is("while")) return while_statement();
  if (is("for")) return for_statement();
  if (is("repeat")) return repeat_statement();
  if (is("function")) return function_statement();
  if (is("local")) return local_statement();
  if (is("::") || is("goto")) return label_or_goto();
  if (!take("do")) return expression_statement();
  block();
  close_scope(outer);
  expect("end");
}

void Parser::if_statement() {
  const size_t outer = scope_.size();
  do {
    next();  // if, elseif
    value();
    expect("then");
    block();
    close_scope(outer);
  } while (is("elseif") && !failed_);
  if (take("else")) block();
  close_scope(outer);
  expect("end");
}

void Parser::while_statement() {
  const size_t outer = scope_.size();
  next();
  value();
  expect("do");
  block();
  close_scope(outer);
  expect("end");
}

void Parser::for_statement() {
  const size_t outer = scope_.size();
  next();
  std::vector<std::string> names;
  do {
    names.emplace_back(name().text);
  } while (take(","));
  if (!take("=")) expect("in");
  for (const Expression& expression : expressions()) used(expression);
  for (const std::string& each : names) declare(each);
  expect("do");
  block();
  close_scope(outer);
  expect("end");
}

void Parser::repeat_statement() {
  const size_t outer = scope_.size();
  next();
  block();
  expect("until");
  value();  // sees the block's locals
  close_scope(outer);
}

void Parser::function_statement() {
  next();
  Expression target = named(name());
  bool method = false;
  while (is(".") || is(":")) {
    method = is(":");
    next();
    target.text += "." + std::string(name().text);
    if (method) break;
  }
  if (target.kind == Expression::Kind::path && !target.through) listener_.assigned(target.text);
  body(method);
}

void Parser::local_statement() {
  next();
  if (take("function")) return local_function();
  std::vector<std::string> names;
  do {
    names.emplace_back(name().text);
    if (take("<")) {
      name();
      expect(">");
    }
  } while (take(","));
  std::vector<Expression> values;
  if (take("=")) values = expressions();
  for (const Expression& expression : values) used(expression);
  for (size_t i = 0; i < names.size(); ++i) {
    Variable& variable = declare(names[i]);
    if (i < values.size() && values[i].kind == Expression::Kind::path)
      variable.path = values[i].text;
  }
}

void Parser::local_function() {
  declare(name().text);
  body(false);
}

void Parser::return_statement() {
  next();
  if (!block_ends() && !is(";")) {
    for (const Expression& expression : expressions()) used(expression);
  }
  take(";");
}

void Parser::label_or_goto() {
  const bool label = is("::");
  next();
  name();
  if (label) expect("::");
}

void Parser::expression_statement() {
  std::vector<Expression> targets{suffixed()};
  if (failed_) return;
  if (!is("=") && !is(",")) {
    if (!last().is(")") && !last().is("}") && last().kind != Token::Kind::string)
      stop();  // no call
    return;
  }
  while (take(",")) targets.push_back(suffixed());
  expect("=");
  for (const Expression& expression : expressions()) used(expression);
  for (const Expression& target : targets) {
    if (target.kind != Expression::Kind::path) continue;
    if (!target.through) {
      listener_.assigned(target.text);
    } else {
      const auto found = std::ranges::find(scope_, target.through);
      if (found != scope_.end() && target.reported) (*found)->assigned = true;
    }
  }
}

void Parser::body(bool method) {
  const size_t outer = scope_.size();
  if (method) declare("self");
  expect("(");
  while (!failed_ && !is(")")) {
    if (take("...")) break;
    declare(name().text);
    if (!take(",")) break;
  }
  expect(")");
  block();
  close_scope(outer);
  expect("end");
}

}  // namespace engine::lua
