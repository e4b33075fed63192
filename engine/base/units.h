// Durations, sizes and points in time as people write them, and back.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace engine {

using Millis = std::chrono::milliseconds;

// "1h30m", "250ms", "2d", "1w", "1.5s"; a sum of parts, each unit at most once, largest first. Not
// negative.
Result<Millis> parse_duration(std::string_view text);
// The shortest exact form: 5400000 ms -> "1h30m", 0 -> "0s".
std::string format_duration(Millis duration);
// For a person's eye, three significant places at most: "1.24s", "2m 3s", "3h 20m".
std::string human_duration(Millis duration);

// "512", "64KiB", "10MB", "1.5GiB": decimal and binary units, B optional ("10M" is 10 MB, "10Mi" 10
// MiB).
Result<int64_t> parse_size(std::string_view text);
std::string human_size(int64_t bytes);  // "1.5 GiB"

// RFC 3339 with an offset or Z, fractions of a second to the millisecond; milliseconds since 1970.
Result<int64_t> parse_time(std::string_view text);
std::string format_time_utc(int64_t ms);    // 2026-11-21T02:00:00.000Z
std::string format_time_local(int64_t ms);  // with the local offset

}  // namespace engine
