// Reads Lua 5.4 without building a tree: it keeps track of scopes and reports every use of a global
// path
// (`docker.container.stop`), every call of one, and every assignment, with the literals that were
// written there.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/lua/lexer.h"

namespace engine::lua {

// A local. `path` is what it is another name for: `local exec = process.exec`.
struct Variable {
  std::string name;
  std::string path;
  bool assigned = false;  // later on: it may not be that other name any more
};

struct Span {
  size_t begin = 0, end = 0;
  int line = 0;
};

struct Field;

// As much of an expression as is known without running it.
struct Expression {
  enum class Kind { unknown, nil, literal, table, path };
  Kind kind = Kind::unknown;
  Span at;
  std::string text;                   // JSON of a literal; the dotted names of a path
  const Variable* through = nullptr;  // the local that a path began with
  bool reported = false;              // the path was reported where the local was made
  std::vector<Field> fields;          // of a table
  bool open = false;                  // a table that may hold more than its fields
};

struct Field {
  std::string name;  // empty: the next item of a list
  Span at;
  Expression value;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void used(const Expression& path) = 0;  // as a value, or called
  virtual void called(const Expression& path, const std::vector<Expression>& arguments) = 0;
  virtual void assigned(const std::string& path) = 0;
};

class Parser {
 public:
  Parser(std::string_view source, Listener& listener);

  // False where the text is not Lua; stopped_at() is then the offending token.
  bool run();
  const Token& stopped_at() const { return tokens_[at_]; }

 private:
  // parser.cc: statements
  void block();
  bool block_ends() const;
  void statement();
  void if_statement();
  void while_statement();
  void for_statement();
  void repeat_statement();
  void function_statement();
  void local_statement();
  void local_function();
  void return_statement();
  void label_or_goto();
  void expression_statement();
  void body(bool method);

  // expression.cc
  Expression expression(int limit = 0);
  Expression simple();
  Expression primary();
  Expression suffixed();
  Expression table();
  Field field();
  std::vector<Expression> expressions();
  std::vector<Expression> arguments();
  void call(Expression& callee);
  Expression value();  // an expression; a path is reported as used
  void used(const Expression& expression);
  Expression named(const Token& name);
  Expression literal(std::string json);
  Expression number(const Token& token, bool negative);

  const Token& token() const { return tokens_[at_]; }
  const Token& last() const { return tokens_[at_ == 0 ? 0 : at_ - 1]; }
  bool is(std::string_view word) const { return !failed_ && token().is(word); }
  void next();
  bool take(std::string_view word);
  void expect(std::string_view word);
  const Token& name();
  void stop() { failed_ = true; }
  Variable& declare(std::string_view name);
  void close_scope(size_t size) { scope_.resize(size); }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  bool failed_ = false;
  int depth_ = 0;
  Listener& listener_;
  std::deque<Variable> variables_;
  std::vector<Variable*> scope_;
};

}  // namespace engine::lua
