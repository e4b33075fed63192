// Durations and sizes: exact integer arithmetic, refused where it would overflow or round.
#include "engine/base/units.h"

#include <array>
#include <cctype>
#include <limits>
#include <optional>

namespace engine {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array<Unit, 6> kUnits = {{{"w", 7 * 86'400'000LL},
                                         {"d", 86'400'000},
                                         {"h", 3'600'000},
                                         {"m", 60'000},
                                         {"s", 1000},
                                         {"ms", 1}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number taken off the front of a text: value = digits / scale.
struct Decimal {
  int64_t digits = 0;
  int64_t scale = 1;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  bool fraction = false;
  while (!text.empty()) {
    if (text[0] == '.' && !fraction && text.size() > 1 && is_digit(text[1])) {
      fraction = true;
    } else if (!is_digit(text[0])) {
      break;
    } else {
      const Wide next = Wide{number.digits} * 10 + (text[0] - '0');
      if (next > kMax || (fraction && number.scale > kMax / 10)) return std::nullopt;
      number.digits = static_cast<int64_t>(next);
      if (fraction) number.scale *= 10;
    }
    text.remove_prefix(1);
  }
  return number;
}

// number * factor, where that is a whole number that fits.
std::optional<int64_t> times(const Decimal& number, int64_t factor) {
  const Wide product = Wide{number.digits} * factor;
  if (product % number.scale != 0 || product / number.scale > kMax) return std::nullopt;
  return static_cast<int64_t>(product / number.scale);
}

std::unexpected<Error> not_a_duration(std::string_view text, std::string why) {
  return fail(code::kInvalidArgument,
              "'" + std::string(text.substr(0, 60)) + "' is not a duration: " + why,
              "write it like 30s, 1h30m, 250ms or 2d (units: w d h m s ms)");
}

std::unexpected<Error> not_a_size(std::string_view text, std::string why) {
  return fail(code::kInvalidArgument,
              "'" + std::string(text.substr(0, 60)) + "' is not a size: " + why,
              "write it like 512, 64KiB, 10MB or 1.5GiB");
}

// 1 for "" and "B", 1000 for "k" and "KB", 1024 for "Ki" and "KiB", and so on; 0 for anything else.
int64_t size_factor(std::string_view unit) {
  if (!unit.empty() && (unit.back() == 'B' || unit.back() == 'b')) unit.remove_suffix(1);
  if (unit.empty()) return 1;
  const size_t power = std::string_view("KMGTPE").find(
      static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0]))));
  const bool binary = unit.size() == 2 && (unit[1] == 'i' || unit[1] == 'I');
  if (power == std::string_view::npos || unit.size() != (binary ? 2U : 1U)) return 0;
  int64_t factor = 1;
  for (size_t i = 0; i <= power; ++i) factor *= binary ? 1024 : 1000;
  return factor;
}

std::string with_tenths(int64_t tenths) {
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text;
}

std::string padded(int64_t value, size_t width) {
  std::string text = std::to_string(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis(0);
  if (text.empty()) return not_a_duration(text, "it is empty");
  int64_t total = 0;
  size_t unit = 0;  // the largest unit that may still come
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::optional<Decimal> number = take_decimal(rest);
    if (!number) return not_a_duration(text, "a number that fits is expected before each unit");
    size_t length = 0;
    while (length < rest.size() && std::isalpha(static_cast<unsigned char>(rest[length]))) ++length;
    const std::string_view name = rest.substr(0, length);
    rest.remove_prefix(length);
    if (name.empty()) return not_a_duration(text, "a number has no unit");
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) {
      return not_a_duration(text, "'" + std::string(name.substr(0, 20)) +
                                      "' is unknown, repeated or after a smaller unit");
    }
    const std::optional<int64_t> part = times(*number, kUnits[unit].ms);
    if (!part) return not_a_duration(text, "it is too long or finer than a millisecond");
    if (__builtin_add_overflow(total, *part, &total)) return not_a_duration(text, "it is too long");
    ++unit;
  }
  return Millis(total);
}

std::string format_duration(Millis duration) {
  int64_t left = duration.count();
  if (left <= 0) return "0s";
  if (left < 1000) return std::to_string(left) + "ms";
  std::string text;
  for (size_t i = 0; i < 4; ++i) {
    if (left >= kUnits[i].ms)
      text += std::to_string(left / kUnits[i].ms) + std::string(kUnits[i].name);
    left %= kUnits[i].ms;
  }
  if (left == 0) return text;
  text += std::to_string(left / 1000);
  if (left % 1000 != 0) {
    text += "." + padded(left % 1000, 3);
    while (text.back() == '0') text.pop_back();
  }
  return text + "s";
}

std::string human_duration(Millis duration) {
  const int64_t ms = duration.count() < 0 ? 0 : duration.count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  const auto pair = [](int64_t big, std::string_view big_unit, int64_t small,
                       std::string_view small_unit) {
    std::string text = std::to_string(big) + std::string(big_unit);
    if (small != 0) text += " " + std::to_string(small) + std::string(small_unit);
    return text;
  };
  if (ms < 9'995) {
    std::string text = std::to_string((ms + 5) / 1000) + "." + padded((ms + 5) % 1000 / 10, 2);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text + "s";
  }
  if (ms < 59'950) return with_tenths((ms + 50) / 100) + "s";
  const int64_t seconds = ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);
  if (seconds < 3600) return pair(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86'400) return pair(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return pair(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
}

Result<int64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  const std::optional<Decimal> number = take_decimal(rest);
  if (!number) return not_a_size(text, "it does not begin with a number that fits");
  if (rest.size() > 1 && rest[0] == ' ') rest.remove_prefix(1);
  const int64_t factor = size_factor(rest);
  if (factor == 0)
    return not_a_size(text, "unknown unit '" + std::string(rest.substr(0, 20)) + "'");
  const std::optional<int64_t> bytes = times(*number, factor);
  if (!bytes) return not_a_size(text, "it is too large or not a whole number of bytes");
  return *bytes;
}

std::string human_size(int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes < 0 ? 0 : bytes) + " B";
  constexpr std::array<std::string_view, 6> kNames = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int64_t unit = 1024;
  for (size_t i = 0;; ++i, unit *= 1024) {
    const auto tenths = static_cast<int64_t>((Wide{bytes} * 10 + unit / 2) / unit);
    if (tenths < 10'240 || i + 1 == kNames.size()) {
      return with_tenths(tenths < 1000 ? tenths : (tenths + 5) / 10 * 10) + " " +
             std::string(kNames[i]);
    }
  }
}

}  // namespace engine
