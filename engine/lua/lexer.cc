// Tokens as the Lua 5.4 manual, section 3.1, has them.
#include "engine/lua/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace engine::lua {
namespace {

constexpr std::array<std::string_view, 22> kKeywords = {
    "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while"};
constexpr std::array<std::string_view, 10> kSymbols = {
    "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};
constexpr std::string_view kSingles = "+-*/%^#&~|<>=(){}[];:,.";

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool goes_on(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)); }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    do {
      tokens.push_back(next());
    } while (tokens.back().kind != Token::Kind::end && tokens.back().kind != Token::Kind::bad);
    return tokens;
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  Token next() {
    if (!skip_blank()) return token(Token::Kind::bad, at_, line_);
    const size_t begin = at_;
    const int line = line_;
    if (at_ == source_.size()) return token(Token::Kind::end, begin, line);
    const char c = peek();
    if (starts_name(c)) {
      while (goes_on(peek())) ++at_;
      const bool keyword =
          std::ranges::find(kKeywords, source_.substr(begin, at_ - begin)) != kKeywords.end();
      return token(keyword ? Token::Kind::keyword : Token::Kind::name, begin, line);
    }
    if (digit(c) || (c == '.' && digit(peek(1)))) return token(number(), begin, line);
    if (c == '"' || c == '\'')
      return token(quoted(c) ? Token::Kind::string : Token::Kind::bad, begin, line);
    if (c == '[' && long_level() >= 0) {
      return token(skip_long(long_level()) ? Token::Kind::string : Token::Kind::bad, begin, line);
    }
    return token(symbol(), begin, line);
  }

  Token token(Token::Kind kind, size_t begin, int line) const {
    return {kind, begin, at_, line, source_.substr(begin, at_ - begin)};
  }

  // White space and comments; false: a long comment has no end.
  bool skip_blank() {
    for (;;) {
      while (at_ < source_.size() && std::isspace(static_cast<unsigned char>(peek()))) advance();
      if (peek() != '-' || peek(1) != '-') return true;
      at_ += 2;
      if (peek() == '[' && long_level() >= 0) {
        if (!skip_long(long_level())) return false;
      } else {
        at_ = std::min(source_.find('\n', at_), source_.size());
      }
    }
  }

  void advance() {
    if (source_[at_] == '\n') ++line_;
    ++at_;
  }

  // The number of '=' in the long bracket that opens here, -1 where none does.
  int long_level() const {
    size_t i = at_ + 1;
    while (i < source_.size() && source_[i] == '=') ++i;
    return i < source_.size() && source_[i] == '[' ? static_cast<int>(i - at_ - 1) : -1;
  }

  bool skip_long(int level) {
    const std::string close = "]" + std::string(static_cast<size_t>(level), '=') + "]";
    const size_t end = source_.find(close, at_);
    const size_t stop = end == std::string_view::npos ? source_.size() : end + close.size();
    while (at_ < stop) advance();
    return end != std::string_view::npos;
  }

  Token::Kind number() {
    const bool hexadecimal = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    if (hexadecimal) at_ += 2;
    for (;;) {
      const char c = peek();
      const bool exponent = hexadecimal ? c == 'p' || c == 'P' : c == 'e' || c == 'E';
      if (exponent && (peek(1) == '+' || peek(1) == '-')) ++at_;
      if (!exponent && !hex(c) && c != '.') break;
      ++at_;
    }
    if (!goes_on(peek())) return Token::Kind::number;
    return Token::Kind::bad;
  }

  bool quoted(char quote) {
    for (++at_; at_ < source_.size(); advance()) {
      if (peek() == quote) return ++at_, true;
      if (peek() == '\n') return false;
      if (peek() != '\\') continue;
      ++at_;
      if (at_ == source_.size()) return false;
      if (peek() != 'z') continue;
      while (std::isspace(static_cast<unsigned char>(peek(1)))) advance();
    }
    return false;
  }

  Token::Kind symbol() {
    for (const std::string_view symbol : kSymbols) {
      if (!source_.substr(at_).starts_with(symbol)) continue;
      at_ += symbol.size();
      return Token::Kind::symbol;
    }
    return kSingles.find(source_[at_++]) == std::string_view::npos ? Token::Kind::bad
                                                                   : Token::Kind::symbol;
  }

  std::string_view source_;
  size_t at_ = 0;
  int line_ = 1;
};

void append_utf8(std::string& out, unsigned long code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | ((code >> 18) & 7));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Resolves the escape whose letter is at `i`; leaves `i` at its last character.
void append_escape(std::string& out, std::string_view text, size_t& i) {
  constexpr std::string_view kLetters = "abfnrtv\n", kMeanings = "\a\b\f\n\r\t\v\n";
  const char c = text[i];
  if (const size_t known = kLetters.find(c); known != std::string_view::npos) {
    out += kMeanings[known];
  } else if (c == 'x') {
    out += static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
    i += 2;
  } else if (c == 'z') {
    while (i + 1 < text.size() && std::isspace(static_cast<unsigned char>(text[i + 1]))) ++i;
  } else if (c == 'u') {
    const size_t close = std::min(text.find('}', i), text.size());
    if (close > i + 2)
      append_utf8(
          out, std::strtoul(std::string(text.substr(i + 2, close - i - 2)).c_str(), nullptr, 16));
    i = close;
  } else if (digit(c)) {
    int value = 0, taken = 0;
    while (taken < 3 && i + taken < text.size() && digit(text[i + taken]))
      value = value * 10 + text[i + taken++] - '0';
    out += static_cast<char>(value);
    i += static_cast<size_t>(taken) - 1;
  } else {
    out += c;
  }
}

}  // namespace

std::vector<Token> tokens_of(std::string_view source) { return Lexer(source).run(); }

std::string string_value(const Token& token) {
  std::string_view text = token.text;
  if (text.starts_with('[')) {
    const size_t bracket = text.find('[', 1) + 1;
    text = text.substr(bracket, text.size() - 2 * bracket);
    if (text.starts_with("\r\n")) text.remove_prefix(1);
    if (text.starts_with('\n')) text.remove_prefix(1);
    return std::string(text);
  }
  text = text.substr(1, text.size() - 2);
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      value += text[i];
    } else {
      append_escape(value, text, ++i);
    }
  }
  return value;
}

}  // namespace engine::lua
