// What a runbook declares about time: cron(...) and every "...".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/units.h"
#include "engine/base/zone.h"
#include "engine/lua/declared.h"
#include "engine/triggers/cron.h"

namespace engine::triggers {

struct Schedule {
  // What becomes of slots that were missed: while the engine was not running, or the machine slept.
  enum class CatchUp : uint8_t { none, last, all };
  // What becomes of a slot whose schedule's run before goes on.
  enum class Overlap : uint8_t { skip, queue, replace, allow };
  struct Calendar {
    Cron cron;
    Zone zone;
    Transitions transitions;
  };

  std::variant<Millis, Calendar> when;  // or an interval: elapsed time
  Millis jitter{0};
  Millis within{0};  // how late a slot may still run
  CatchUp catch_up = CatchUp::none;
  Overlap overlap = Overlap::skip;
  std::string text;        // "0 2 * * SUN", "15m"
  std::string definition;  // as it was declared, JSON

  const Calendar* calendar() const { return std::get_if<Calendar>(&when); }
  // The first slot after that moment; intervals are counted from `since_s`.
  std::optional<Slot> next(int64_t since_s, int64_t after_s) const;
};

// What it is called: the runbook, and a number from the second one on: "clean-up#2".
std::string schedule_name(std::string_view runbook, size_t index);
// "clean-up#2" -> "clean-up" and 1.
struct ScheduleName {
  std::string runbook;
  size_t index = 0;
};
ScheduleName parse_schedule_name(std::string_view name);

// Whether the word makes a schedule: "cron", "every".
bool is_schedule(std::string_view kind);
// From the table that the word has made. `runbook` is what H is spread by.
lua::Checked read_schedule(std::optional<Schedule>& into, JsonElement declared,
                           std::string_view runbook);

}  // namespace engine::triggers
