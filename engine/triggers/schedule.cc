#include "engine/triggers/schedule.h"

#include <algorithm>
#include <charconv>

namespace engine::triggers {

std::optional<Slot> Schedule::next(int64_t since_s, int64_t after_s) const {
  if (const Calendar* dates = calendar())
    return dates->cron.next(dates->zone, dates->transitions, after_s);
  const int64_t interval_s = std::get<Millis>(when).count() / 1000;
  const int64_t passed = after_s < since_s ? 0 : (after_s - since_s) / interval_s + 1;
  const int64_t at_s = since_s + std::max<int64_t>(passed, 1) * interval_s;
  return Slot{at_s, at_s};
}

std::string schedule_name(std::string_view runbook, size_t index) {
  return std::string(runbook) + (index == 0 ? "" : "#" + std::to_string(index + 1));
}

ScheduleName parse_schedule_name(std::string_view name) {
  const size_t hash = name.rfind('#');
  if (hash == std::string_view::npos) return {std::string(name)};
  const std::string_view digits = name.substr(hash + 1);
  size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0)
    return {std::string(name)};
  return {std::string(name.substr(0, hash)), number - 1};
}

}  // namespace engine::triggers
