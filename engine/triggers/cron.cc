// Slots of a cron expression: the calendar first, then what a zone makes of it.
#include "engine/triggers/cron.h"

#include <algorithm>
#include <bit>
#include <chrono>

namespace engine::triggers {
namespace {

using std::chrono::days;
using std::chrono::month_day_last;
using std::chrono::sys_days;
using std::chrono::weekday;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

constexpr int64_t kDay = 86'400;
constexpr int kCalendarYears = 400;  // after these, the calendar repeats itself

int64_t day_of(int64_t local_s) { return (local_s - (local_s % kDay + kDay) % kDay) / kDay; }

// The first bit from `from` on; -1 for none.
int next_bit(uint64_t bits, int64_t from) {
  const uint64_t rest = from > 63 ? 0 : bits >> from << from;
  return rest == 0 ? -1 : std::countr_zero(rest);
}

sys_days first_of_next_month(const year_month_day& date) {
  return sys_days((date.year() / date.month() + std::chrono::months(1)) / 1);
}

}  // namespace

bool Cron::fits_day(int64_t day) const {
  const sys_days on{days{day}};
  const year_month_day date{on};
  const unsigned number = static_cast<unsigned>(date.day());
  const unsigned last =
      static_cast<unsigned>(year_month_day_last{date.year(), month_day_last{date.month()}}.day());
  const unsigned of_week = weekday{on}.c_encoding();
  const bool day_fits = (days_ >> number & 1) != 0 || (last_day_ && number == last);
  const bool weekday_fits = (weekdays_ >> of_week & 1) != 0 ||
                            ((last_weekdays_ >> of_week & 1) != 0 && number + 7 > last) ||
                            (nth_weekdays_ >> (of_week * 5 + (number - 1) / 7) & 1) != 0;
  if (any_day_ || any_weekday_) return day_fits && weekday_fits;
  return day_fits || weekday_fits;
}

// Seconds since midnight, from `from` on.
std::optional<int64_t> Cron::time_of_day(int64_t from) const {
  for (int hour = next_bit(hours_, from / 3600); hour >= 0; hour = next_bit(hours_, hour + 1)) {
    const int64_t of_hour = std::max<int64_t>(from - hour * 3600, 0);
    for (int minute = next_bit(minutes_, of_hour / 60); minute >= 0;
         minute = next_bit(minutes_, minute + 1)) {
      const int second = next_bit(seconds_, std::max<int64_t>(of_hour - minute * 60, 0));
      if (second >= 0) return hour * 3600 + minute * 60 + second;
    }
  }
  return std::nullopt;
}

std::optional<int64_t> Cron::next_local(int64_t from_s) const {
  int64_t day = day_of(from_s);
  if (fits_day(day) &&
      (months_ >> static_cast<unsigned>(year_month_day{sys_days{days{day}}}.month()) & 1) != 0) {
    if (const auto time = time_of_day(from_s - day * kDay)) return day * kDay + *time;
  }
  ++day;
  const auto last_year =
      year_month_day{sys_days{days{day}}}.year() + std::chrono::years(kCalendarYears);
  for (;;) {
    const year_month_day date{sys_days{days{day}}};
    if (date.year() > last_year) return std::nullopt;
    const int64_t next_month = first_of_next_month(date).time_since_epoch().count();
    if ((months_ >> static_cast<unsigned>(date.month()) & 1) == 0) {
      day = next_month;
      continue;
    }
    for (; day < next_month; ++day) {
      if (fits_day(day)) return day * kDay + *time_of_day(0);
    }
  }
}

// What the clock leapt over where this period begins.
std::optional<Slot> Cron::slot_after_gap(const Zone& zone, const Zone::Period& period,
                                         Transitions transitions) const {
  const Zone::Period before = zone.at(period.begin_s - 1);
  const int64_t gap_s = period.offset_s - before.offset_s;
  if (gap_s <= 0) return std::nullopt;
  // The hour before and the one after have theirs. (Samoa left out a whole day.)
  if (any_hour_ && gap_s < kDay) return std::nullopt;
  const auto meant = next_local(period.begin_s + before.offset_s);
  if (!meant || *meant >= period.begin_s + period.offset_s) return std::nullopt;
  const bool made_up = transitions.gap == Transitions::Gap::run_after && !follows_real_time();
  return Slot{period.begin_s, *meant, made_up ? Slot::Shift::after_gap : Slot::Shift::lost};
}

// The first slot within the period, from that moment on; none is left for another period.
std::optional<Slot> Cron::slot_in(const Zone& zone, const Zone::Period& period,
                                  Transitions transitions, int64_t from_s) const {
  using Fold = Transitions::Fold;
  const int64_t twice_until = period.begin_s + zone.at(period.begin_s - 1).offset_s;
  const int64_t twice_from = period.end_s + zone.at(period.end_s).offset_s;
  const Fold fold = follows_real_time() ? Fold::both : transitions.fold;
  auto local = next_local(from_s + period.offset_s);
  if (local && *local < twice_until && fold == Fold::first) local = next_local(twice_until);
  if (!local || *local >= period.end_s + period.offset_s) return std::nullopt;
  if (*local >= twice_from && fold == Fold::last) return std::nullopt;
  Slot slot{*local - period.offset_s, *local};
  if (*local < twice_until) slot.shift = Slot::Shift::last;
  if (*local >= twice_from) slot.shift = Slot::Shift::first;
  return slot;
}

std::optional<Slot> Cron::next(const Zone& zone, Transitions transitions, int64_t after_s) const {
  int64_t from = after_s + 1;
  for (;;) {
    const Zone::Period period = zone.at(from);
    std::optional<Slot> after_gap;
    if (period.begin_s == from) after_gap = slot_after_gap(zone, period, transitions);
    const std::optional<Slot> slot = slot_in(zone, period, transitions, from);
    // What is made up for and what is due at the same moment are one.
    if (after_gap &&
        !(slot && slot->at_s == after_gap->at_s && after_gap->shift == Slot::Shift::lost))
      return after_gap;
    if (slot) return slot;
    // Periods up to the next local time that fits hold nothing.
    const auto local = next_local(from + period.offset_s);
    if (!local) return std::nullopt;
    from = std::max(period.end_s, zone.at(*local - 2 * kDay).begin_s);
  }
}

}  // namespace engine::triggers
