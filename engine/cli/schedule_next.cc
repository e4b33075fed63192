// engine schedule next: when a schedule, or a cron expression, comes.
#include "engine/base/json.h"
#include "engine/cli/commands.h"
#include "engine/cli/schedule_times.h"
#include "engine/cli/table.h"

namespace engine::cli {

namespace {

using triggers::Slot;

constexpr int kCount = 10;
constexpr int kCountMax = 10'000;
constexpr int kLostMax = 1000;  // in a row: nothing else will come

// Whether a word is an expression and no name.
bool is_expression(std::string_view word) {
  return word.find_first_of(" \t") != std::string_view::npos || word.starts_with('@');
}

Result<triggers::Schedule> expression(const Parsed& parsed, const std::optional<Zone>& zone) {
  const std::string& text = parsed.words[0];
  Result<triggers::Cron> cron = triggers::Cron::parse(text, {.seconds = parsed.has("seconds")});
  if (!cron) return fail(cron.error());
  if (cron->zone() && zone) {
    return fail(code::kInvalidArgument, "the zone is given twice, in the expression and by --tz",
                "leave one out");
  }
  const Zone own = cron->zone() ? *cron->zone() : zone ? *zone : Zone::local();
  triggers::Schedule schedule;
  schedule.when = triggers::Schedule::Calendar{*cron, own, {}};
  return schedule;
}

struct Asked {
  triggers::Schedule schedule;
  Zone zone;  // in which times are shown
  int64_t from_s = 0;
  int count = kCount;
};

// Those that run, and between them those that do not.
std::vector<Slot> slots_of(const Asked& asked) {
  std::vector<Slot> slots;
  int64_t after_s = asked.from_s - 1;
  int lost = 0;
  for (int found = 0; found < asked.count && lost < kLostMax;) {
    const std::optional<Slot> slot = asked.schedule.next(asked.from_s, after_s);
    if (!slot) break;
    after_s = slot->at_s;
    const bool runs = slot->shift != Slot::Shift::lost;
    lost = runs ? 0 : lost + 1;
    found += runs ? 1 : 0;
    slots.push_back(*slot);
  }
  return slots;
}

std::string json_of(const Asked& asked) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().key("next").begin_array();
  for (const Slot& slot : slots_of(asked)) {
    if (slot.shift != Slot::Shift::lost) out.string(asked.zone.text(slot.at_s));
  }
  out.end_array().end_object();
  return json;
}

std::string text_of(const Asked& asked, const Terminal& terminal) {
  Table table({"LOCAL (" + asked.zone.name() + ")", "UTC", "NOTE"});
  for (const Slot& slot : slots_of(asked)) {
    const bool lost = slot.shift == Slot::Shift::lost;
    table.row({lost ? "-" : asked.zone.text(slot.at_s),
               lost ? "-" : local_time_text(slot.at_s) + "Z", shift_text(slot)});
  }
  return table.text(terminal);
}

Result<Asked> asked_of(Catalog& catalog, const Parsed& parsed) {
  std::optional<Zone> zone;
  if (const auto name = parsed.value("tz")) {
    const Result<Zone> found = Zone::find(*name);
    if (!found) return fail(found.error());
    zone = *found;
  }
  Result<triggers::Schedule> schedule = is_expression(parsed.words[0])
                                            ? expression(parsed, zone)
                                            : find_schedule(catalog, parsed.words[0]);
  if (!schedule) return fail(schedule.error());
  const auto* calendar = schedule->calendar();
  Asked asked{std::move(*schedule), zone ? *zone : calendar ? calendar->zone : Zone::local()};
  asked.from_s = system_clock().wall_ms() / 1000 + 1;
  if (const auto text = parsed.value("from")) {
    const Result<int64_t> from = parse_moment("--from", *text);
    if (!from) return fail(from.error());
    asked.from_s = (*from + 999) / 1000;
  }
  if (const auto text = parsed.value("count")) {
    const Result<int> count = parse_count("--count", *text, kCountMax);
    if (!count) return fail(count.error());
    asked.count = *count;
  }
  return asked;
}

int run(Session& session, const Command& command, std::span<const std::string> arguments) {
  const auto parsed = session.parse(command, arguments);
  if (!parsed) return parsed.error();
  const auto catalog = open_catalog(session);
  if (!catalog) return catalog.error();
  const Result<Asked> asked = asked_of(**catalog, *parsed);
  if (!asked) return session.fail(asked.error());
  session.print(session.format == Format::table ? text_of(*asked, session.out)
                                                : json_of(*asked) + "\n");
  return 0;
}

}  // namespace

Command schedule_next_command() {
  return {
      .name = "schedule next",
      .summary = "Shows when a schedule comes next.",
      .usage = "schedule next NAME|EXPRESSION [-n COUNT] [--from TIME] [--tz ZONE] [--seconds]",
      .details =
          "A schedule is named by its runbook, with #2 for the second one that it declares. An "
          "expression is one of cron's, in quotes. Times are in the zone of the schedule, and "
          "in UTC; where the zone's clock leaps or goes back, the note says what becomes of a "
          "time.",
      .flags = {{"count", 'n', "COUNT", "How many; 10 without.", false, false},
                {"from", 0, "TIME", "From then on instead of from now on.", false, false},
                {"tz", 0, "ZONE",
                 "The zone of an expression; of a schedule, the one to show times in.", false,
                 false},
                {"seconds", 0, "", "The expression has a leading field of seconds.", false, false}},
      .examples = {{"engine schedule next clean-up", "By the runbook that declares it."},
                   {"engine schedule next \"30 2 * * *\" --tz Europe/Berlin --from "
                    "2027-03-27T00:00:00Z -n 3",
                    "An expression, about a change of the clock."},
                   {"engine schedule next @weekly -o json", "For programs."}},
      .run = run,
      .words_min = 1,
      .words_max = 1,
      .word = Word::runbook};
}

}  // namespace engine::cli
