// RFC 3339 points in time, read and written.
#include <time.h>

#include <charconv>
#include <cstdio>
#include <optional>

#include "engine/base/units.h"

namespace engine {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kFirstMs = -62'167'219'200'000;  // 0000-01-01T00:00:00Z
constexpr int64_t kLastMs = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z

std::optional<int> number_at(std::string_view text, size_t at, size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  int value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<int64_t> day_ms(std::string_view text) {
  const auto year = number_at(text, 0, 4), month = number_at(text, 5, 2),
             day = number_at(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * kDayMs;
}

std::optional<int64_t> time_of_day_ms(std::string_view text) {
  const auto hour = number_at(text, 0, 2), minute = number_at(text, 3, 2),
             second = number_at(text, 6, 2);
  if (!hour || !minute || !second || text[2] != ':' || text[5] != ':') return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return (*hour * 3600LL + *minute * 60 + *second) * 1000;
}

// Takes ".123456" off the front, if there is one; digits beyond the millisecond are dropped.
std::optional<int64_t> take_fraction_ms(std::string_view& text) {
  if (text.empty() || text[0] != '.') return 0;
  int64_t ms = 0;
  size_t digits = 0;
  for (text.remove_prefix(1); !text.empty() && text[0] >= '0' && text[0] <= '9';
       text.remove_prefix(1)) {
    if (digits++ < 3) ms = ms * 10 + (text[0] - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) ms *= 10;
  return ms;
}

std::optional<int64_t> offset_ms(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = number_at(text, 1, 2), minutes = number_at(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int64_t ms = (*hours * 60LL + *minutes) * 60'000;
  return text[0] == '-' ? -ms : ms;
}

std::optional<int64_t> read_time(std::string_view text) {
  if (text.size() < 20) return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  const auto day = day_ms(text);
  const auto time = time_of_day_ms(text.substr(11, 8));
  std::string_view rest = text.substr(19);
  const auto fraction = take_fraction_ms(rest);
  const auto offset = offset_ms(rest);
  if (!day || !time || !fraction || !offset) return std::nullopt;
  const int64_t ms = *day + *time + *fraction - *offset;
  // An offset can lead out of the years that can be written with four digits.
  if (ms < kFirstMs || ms > kLastMs) return std::nullopt;
  return ms;
}

std::string format_fields(const tm& fields, int64_t ms) {
  char text[96];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d", fields.tm_year + 1900,
                fields.tm_mon + 1, fields.tm_mday, fields.tm_hour, fields.tm_min, fields.tm_sec,
                static_cast<int>(ms));
  return text;
}

// Whole seconds and what is left, rounding towards the past also before 1970.
struct Parts {
  time_t seconds;
  int64_t ms;
};
Parts parts_of(int64_t ms) {
  const int64_t left = (ms % 1000 + 1000) % 1000;
  return {static_cast<time_t>(ms / 1000 - (ms % 1000 < 0 ? 1 : 0)), left};
}

}  // namespace

Result<int64_t> parse_time(std::string_view text) {
  if (const std::optional<int64_t> ms = read_time(text)) return *ms;
  return fail(code::kInvalidArgument,
              "'" + std::string(text.substr(0, 60)) + "' is not a point in time",
              "write it like 2026-11-21T02:00:00Z or 2026-11-21T03:00:00+01:00");
}

std::string format_time_utc(int64_t ms) {
  const Parts parts = parts_of(ms);
  tm fields{};
  if (!gmtime_r(&parts.seconds, &fields)) return "invalid time";
  return format_fields(fields, parts.ms) + "Z";
}

std::string format_time_local(int64_t ms) {
  const Parts parts = parts_of(ms);
  tm fields{};
  if (!localtime_r(&parts.seconds, &fields)) return "invalid time";
  const long minutes = (fields.tm_gmtoff < 0 ? -fields.tm_gmtoff : fields.tm_gmtoff) / 60;
  char offset[48];
  std::snprintf(offset, sizeof offset, "%c%02ld:%02ld", fields.tm_gmtoff < 0 ? '-' : '+',
                minutes / 60, minutes % 60);
  return format_fields(fields, parts.ms) + offset;
}

}  // namespace engine
