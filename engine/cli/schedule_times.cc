#include "engine/cli/schedule_times.h"

#include <charconv>

#include "engine/base/clock.h"
#include "engine/cli/inspect.h"
#include "engine/triggers/declared.h"

namespace engine::cli {

Result<triggers::Schedule> find_schedule(Catalog& catalog, std::string_view name) {
  const triggers::ScheduleName wanted = triggers::parse_schedule_name(name);
  const Result<runs::Source> source = catalog.library.runbook(wanted.runbook);
  if (!source) return fail(source.error());
  const Result<lua::RunbookInfo> info = inspect(catalog, *source);
  if (!info) return fail(info.error());
  Result<triggers::Declared> declared = triggers::read_triggers(*info, *source);
  if (!declared) return fail(declared.error());
  if (wanted.index < declared->schedules.size())
    return std::move(declared->schedules[wanted.index]);
  const size_t count = declared->schedules.size();
  return fail(code::kNotFound,
              "the runbook '" + wanted.runbook + "' has " +
                  (count == 0 ? "no schedule" : "only " + std::to_string(count)),
              count == 0 ? "add on = { cron \"0 2 * * SUN\" } to it" : "");
}

std::string shift_text(const triggers::Slot& slot) {
  using Shift = triggers::Slot::Shift;
  const std::string time = local_time_text(slot.local_s).substr(11, 5);
  switch (slot.shift) {
    case Shift::after_gap:
      return time + " does not exist on this day: right after the gap";
    case Shift::lost:
      return time + " does not exist on this day: it does not run";
    case Shift::first:
      return "the first of two times that are " + time;
    case Shift::last:
      return "the second of two times that are " + time;
    case Shift::none:
      break;
  }
  return "";
}

Result<int> parse_count(std::string_view flag, const std::string& text, int most) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && count >= 1 && count <= most)
    return count;
  return fail(code::kInvalidArgument, std::string(flag) + " must be from 1 to " +
                                          std::to_string(most) + ", not '" + text + "'");
}

Result<int64_t> parse_moment(std::string_view flag, const std::string& text) {
  if (const Result<Millis> ago = parse_duration(text); ago)
    return system_clock().wall_ms() - ago->count();
  if (const Result<int64_t> time = parse_time(text); time) return *time;
  return fail(code::kInvalidArgument, std::string(flag) + " cannot be '" + text + "'",
              "write 2h, 7d or 2026-11-21T02:00:00Z");
}

}  // namespace engine::cli
