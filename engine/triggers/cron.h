// Cron expressions: which minutes of a calendar they mean, and which moments that is in a zone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/zone.h"

namespace engine::triggers {

// What to do where the clock leaps over the time that is meant, and where it shows it twice.
struct Transitions {
  enum class Gap : uint8_t { run_after, skip } gap = Gap::run_after;
  enum class Fold : uint8_t { first, last, both } fold = Fold::first;
};

// A moment that a schedule means.
struct Slot {
  int64_t at_s = 0;     // since 1970
  int64_t local_s = 0;  // the local time that is meant, as if it were UTC
  enum class Shift : uint8_t {
    none,
    after_gap,  // that time does not exist on this day: right after the gap
    lost,       // it does not exist, and nothing is to run for it
    first,      // that time comes twice: this is the first one
    last,       // this is the second
  } shift = Shift::none;
  bool operator==(const Slot&) const = default;
};

class Cron {
 public:
  struct Options {
    bool seconds = false;             // a leading field
    std::string_view spread_by = {};  // what H is spread by: the runbook's name
  };
  // INVALID_ARGUMENT names the field, what was given and what is allowed; an expression that no day
  // ever fits is one.
  static Result<Cron> parse(std::string_view text, const Options& options);

  // The zone of a CRON_TZ= or TZ= before the expression.
  const std::optional<Zone>& zone() const { return zone_; }

  // The first slot after that moment. None where none is left: a time that its zone leaps over each
  // time it would come, and that is not made up for.
  std::optional<Slot> next(const Zone& zone, Transitions transitions, int64_t after_s) const;

  // The first local time from `from_s` on that fits, without a thought to zones.
  std::optional<int64_t> next_local(int64_t from_s) const;

 private:
  friend class CronReader;
  bool fits_day(int64_t day) const;
  std::optional<int64_t> time_of_day(int64_t from) const;
  // Schedules of every hour or every minute follow real time, and need no making up.
  bool follows_real_time() const { return any_hour_ || any_minute_; }
  std::optional<Slot> slot_in(const Zone& zone, const Zone::Period& period, Transitions transitions,
                              int64_t from_s) const;
  std::optional<Slot> slot_after_gap(const Zone& zone, const Zone::Period& period,
                                     Transitions transitions) const;

  uint64_t seconds_ = 1;
  uint64_t minutes_ = 0;
  uint32_t hours_ = 0;
  uint32_t days_ = 0;          // of the month, from bit 1
  uint16_t months_ = 0;        // from bit 1
  uint8_t weekdays_ = 0;       // Sunday is bit 0
  uint8_t last_weekdays_ = 0;  // 5L: the last Friday of the month
  uint64_t nth_weekdays_ = 0;  // SUN#1: bit 5 * weekday + nth - 1
  bool last_day_ = false;
  bool any_day_ = false, any_weekday_ = false;  // not restricted: they begin with *
  bool any_hour_ = false, any_minute_ = false;
  std::optional<Zone> zone_;
};

}  // namespace engine::triggers
