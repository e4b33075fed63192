#include "engine/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "engine/base/text.h"

namespace engine::cli {

namespace {

constexpr int kWidthDefault = 80;
constexpr int kWidthMin = 20;

bool set(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found != variables.end() && !found->second.empty();
}

struct Symbol {
  uint32_t code = 0;
  size_t bytes = 1;
};

// The character at the start of `text`; a byte that is no UTF-8 stands for itself.
Symbol symbol_at(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes == 1 || first < 0xc0 || text.size() < bytes) return {first, 1};
  uint32_t code = first & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {first, 1};
    code = code << 6 | (next & 0x3f);
  }
  return {code, bytes};
}

struct Range {
  uint32_t from, to;
};
// Combining marks and other characters that take no column; East Asian wide characters and emoji,
// which take two.
constexpr std::array kZeroWide = {
    Range{0x300, 0x36f},   Range{0x483, 0x489},   Range{0x591, 0x5bd},   Range{0x610, 0x61a},
    Range{0x64b, 0x65f},   Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff}, Range{0x200b, 0x200f},
    Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f}};
constexpr std::array kTwoWide = {
    Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0x33ff},
    Range{0x3400, 0x4dbf},   Range{0x4e00, 0x9fff},   Range{0xa000, 0xa4cf},
    Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},
    Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f},
    Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};

int columns_of(uint32_t code) {
  for (const Range& range : kZeroWide) {
    if (code >= range.from && code <= range.to) return 0;
  }
  for (const Range& range : kTwoWide) {
    if (code >= range.from && code <= range.to) return 2;
  }
  return 1;
}

// The length of the escape sequence that `text` begins with.
size_t escape_length(std::string_view text) {
  size_t end = 2;
  while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
  return end < text.size() ? end + 1 : text.size();
}

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::none:
      return "";
    case Paint::bold:
      return "1";
    case Paint::dim:
      return "2";
    case Paint::red:
      return "31";
    case Paint::green:
      return "32";
    case Paint::yellow:
      return "33";
    case Paint::blue:
      return "34";
  }
  return "";
}

}  // namespace

bool use_color(ColorWish wish, const Variables& variables, bool is_terminal) {
  if (wish != ColorWish::automatic) return wish == ColorWish::always;
  if (set(variables, "NO_COLOR")) return false;
  for (const std::string_view force : {"FORCE_COLOR", "CLICOLOR_FORCE"}) {
    if (set(variables, force) && variables.find(force)->second != "0") return true;
  }
  const auto term = variables.find("TERM");
  return is_terminal && (term == variables.end() || term->second != "dumb");
}

Terminal Terminal::of(int fd, ColorWish wish, const Variables& variables) {
  const auto term = variables.find("TERM");
  const bool dumb = term != variables.end() && term->second == "dumb";
  const bool is_terminal = isatty(fd) == 1;
  return {fd, is_terminal && !dumb, use_color(wish, variables, is_terminal)};
}

int Terminal::width() const {
  winsize size{};
  if (!is_terminal || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidthDefault;
  return size.ws_col < kWidthMin ? kWidthMin : size.ws_col;
}

std::string Terminal::painted(Paint paint, std::string_view text) const {
  if (!color || paint == Paint::none || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code_of(paint)) + "m" + std::string(text) + "\x1b[0m";
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    if (text.starts_with("\x1b[")) {
      text.remove_prefix(escape_length(text));
      continue;
    }
    const Symbol symbol = symbol_at(text);
    width += columns_of(symbol.code);
    text.remove_prefix(symbol.bytes);
  }
  return width;
}

std::string fitted(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::string kept;
  int width = 0;
  while (!text.empty()) {
    const Symbol symbol = symbol_at(text);
    if (width + columns_of(symbol.code) > columns - 1) break;
    width += columns_of(symbol.code);
    kept += text.substr(0, symbol.bytes);
    text.remove_prefix(symbol.bytes);
  }
  return columns > 0 ? kept + "…" : "";
}

std::string made_visible(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Symbol symbol = symbol_at(text);
    const bool newline_or_tab = symbol.code == '\n' || symbol.code == '\t';
    const bool control = symbol.code < 0x20 || (symbol.code >= 0x7f && symbol.code < 0xa0);
    const bool broken = symbol.bytes == 1 && symbol.code >= 0x80;
    if ((control && !newline_or_tab) || broken) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", symbol.code & 0xffu);
      result += escaped;
    } else {
      result += text.substr(0, symbol.bytes);
    }
    text.remove_prefix(symbol.bytes);
  }
  return result;
}

}  // namespace engine::cli
