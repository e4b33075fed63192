// Lua source text as tokens, for the check that reads runbooks without running them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace engine::lua {

struct Token {
  enum class Kind { name, keyword, symbol, number, string, end, bad };
  Kind kind = Kind::end;
  size_t begin = 0, end = 0;  // offsets into the source
  int line = 1;
  std::string_view text;  // of the token, quotes included

  bool is(std::string_view word) const {
    return (kind == Kind::keyword || kind == Kind::symbol) && text == word;
  }
};

// The last token is `end`, or `bad` where the text stops making sense.
std::vector<Token> tokens_of(std::string_view source);

// What a string token says, escapes resolved.
std::string string_value(const Token& token);

}  // namespace engine::lua
