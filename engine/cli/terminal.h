// What the program knows about where its words go: colour or none, how wide, whether somebody
// watches.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace engine::cli {

enum class ColorWish { automatic, always, never };

using Variables = std::map<std::string, std::string, std::less<>>;

// NO_COLOR (set and not empty) beats FORCE_COLOR and CLICOLOR_FORCE, which beat what the stream is;
// a flag beats all.
bool use_color(ColorWish wish, const Variables& variables, bool is_terminal);

enum class Paint { none, bold, dim, red, green, yellow, blue };

// One of the two streams we write to.
struct Terminal {
  int fd = 1;
  bool is_terminal = false;
  bool color = false;

  static Terminal of(int fd, ColorWish wish, const Variables& variables);
  int width() const;  // columns now: the window may have been resized; 80 where there is none
  std::string painted(Paint paint, std::string_view text) const;
};

// Columns that the text takes, its escape sequences not counted.
int display_width(std::string_view text);
// At most `columns` wide, the end replaced by "…" when it was longer. No escape sequences in
// `text`.
std::string fitted(std::string_view text, int columns);
// Control characters, which a result or a name may carry, as visible text: an escape sequence from
// a backend must not reach the terminal. Newlines and tabs stay.
std::string made_visible(std::string_view text);

}  // namespace engine::cli
