// Time zones, as the system's zoneinfo has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace date {
class time_zone;
}

namespace engine {

// A zone of the process's table, which lives as long as the process: copies cost nothing.
class Zone {
 public:
  // "Europe/Berlin", "UTC". NOT_FOUND with "did you mean"; FAILED where the system has no zoneinfo.
  static Result<Zone> find(std::string_view name);
  // That of the machine, or of TZ where it names one; UTC where neither is known.
  static Zone local();

  std::string name() const;

  // A stretch of time with one offset from UTC: begin_s <= t < end_s, in seconds since 1970.
  struct Period {
    int64_t begin_s = 0;
    int64_t end_s = 0;
    int32_t offset_s = 0;         // local time is UTC and this much
    std::string short_name = {};  // "CET"
  };
  Period at(int64_t utc_s) const;

  // RFC 3339 with the zone's offset: "2026-11-22T02:00:00+01:00".
  std::string text(int64_t utc_s) const;

 private:
  explicit Zone(const date::time_zone* zone) : zone_(zone) {}
  const date::time_zone* zone_;
};

// Seconds since 1970 as if local time were UTC, as "2026-11-22T02:00:00".
std::string local_time_text(int64_t local_s);

}  // namespace engine
