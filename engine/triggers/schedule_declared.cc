// Reading what cron(...) and every "..." have made.
#include <algorithm>

#include "engine/triggers/schedule.h"

namespace engine::triggers {
namespace {

using Object = simdjson::dom::object;
using lua::Checked;
using lua::Fault;

constexpr Millis kIntervalMin{1000};
constexpr Millis kGrace{60'000};                      // without catch_up
constexpr Millis kAnyTime{100LL * 366 * 86'400'000};  // with it

const std::vector<std::string> kCronOptions = {"tz",      "jitter", "catch_up", "within",
                                               "overlap", "dst",    "seconds"};
const std::vector<std::string> kEveryOptions = {"jitter", "catch_up", "within", "overlap"};
const std::vector<std::string> kCatchUps = {"none", "last", "all"};
const std::vector<std::string> kOverlaps = {"skip", "queue", "replace", "allow"};
const std::vector<std::string> kGaps = {"run_after", "skip"};
const std::vector<std::string> kFolds = {"first", "last", "both"};

// One of the words, by its number.
template <class Enum>
Checked read_word(const std::string& field, const std::vector<std::string>& words, Enum& into,
                  JsonElement value) {
  const std::optional<std::string> text = json_bytes(value);
  const auto found = std::ranges::find(words, text.value_or(""));
  if (found == words.end()) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "\"" : ", \"") + word + "\"";
    return Fault{field + " is one of " + all, text ? lua::did_you_mean(*text, words) : "",
                 field.substr(field.rfind('.') + 1)};
  }
  into = static_cast<Enum>(found - words.begin());
  return {};
}

Checked read_dst(Transitions& into, JsonElement value) {
  static const std::vector<std::string> kKnown = {"gap", "fold"};
  Object object;
  if (value.get(object)) {
    return Fault{"cron.dst is a table", "dst = { gap = \"run_after\", fold = \"first\" }", "dst"};
  }
  for (const auto& [key, member] : object) {
    Checked fault;
    if (key == "gap") {
      fault = read_word("cron.dst.gap", kGaps, into.gap, member);
    } else if (key == "fold") {
      fault = read_word("cron.dst.fold", kFolds, into.fold, member);
    } else {
      fault = Fault{"there is no " + lua::in_quotes(key) + " in cron.dst",
                    lua::did_you_mean(key, kKnown), std::string(key)};
    }
    if (fault) return fault;
  }
  return {};
}

// What has been read so far, of both words.
struct Reading {
  Schedule schedule;
  std::string kind;
  std::optional<Zone> zone;
  Transitions transitions;
  bool seconds = false;
  bool within = false;
};

Checked read_option(Reading& reading, std::string_view key, JsonElement value) {
  Schedule& schedule = reading.schedule;
  const std::string field = reading.kind + "." + std::string(key);
  if (key == "jitter") return lua::read_duration(field, schedule.jitter, value);
  if (key == "catch_up") return read_word(field, kCatchUps, schedule.catch_up, value);
  if (key == "overlap") return read_word(field, kOverlaps, schedule.overlap, value);
  if (key == "dst") return read_dst(reading.transitions, value);
  if (key == "within") {
    reading.within = true;
    return lua::read_duration(field, schedule.within, value);
  }
  if (key == "seconds") {
    if (value.get(reading.seconds)) return Fault{field + " is true or false", "", "seconds"};
    return {};
  }
  const std::optional<std::string> name = json_bytes(value);
  if (!name) return Fault{field + " is a text such as \"Europe/Berlin\"", "", "tz"};
  const Result<Zone> zone = Zone::find(*name);
  if (!zone) return Fault{field + ": " + zone.error().message, zone.error().hint, *name};
  reading.zone = *zone;
  return {};
}

Checked finish_cron(Reading& reading, std::string_view runbook) {
  Schedule& schedule = reading.schedule;
  Result<Cron> cron = Cron::parse(schedule.text, {reading.seconds, runbook});
  if (!cron) return Fault{cron.error().message, cron.error().hint, schedule.text};
  if (cron->zone() && reading.zone) {
    return Fault{"cron: the zone is given twice, in the expression and as tz", "leave one out",
                 "tz"};
  }
  const Zone zone = cron->zone() ? *cron->zone() : reading.zone ? *reading.zone : Zone::local();
  if (!cron->next(zone, reading.transitions, 0)) {
    return Fault{"cron: the clock leaps over that time whenever it would come", "", schedule.text};
  }
  schedule.when = Schedule::Calendar{*cron, zone, reading.transitions};
  return {};
}

Checked finish_every(Reading& reading) {
  Schedule& schedule = reading.schedule;
  const Result<Millis> interval = parse_duration(schedule.text);
  if (!interval) return Fault{"every: " + interval.error().message, interval.error().hint, "every"};
  if (*interval < kIntervalMin || interval->count() % 1000 != 0) {
    return Fault{"every: " + lua::in_quotes(schedule.text) + " is not a number of whole seconds",
                 "write every \"15m\"; the shortest is 1s", schedule.text};
  }
  schedule.when = *interval;
  return {};
}

}  // namespace

bool is_schedule(std::string_view kind) { return kind == "cron" || kind == "every"; }

Checked read_schedule(std::optional<Schedule>& into, JsonElement declared,
                      std::string_view runbook) {
  Reading reading;
  reading.kind = json_string(declared, "kind").value_or("");
  const bool every = reading.kind == "every";
  const std::string subject = every ? "interval" : "schedule";
  const std::vector<std::string>& options = every ? kEveryOptions : kCronOptions;
  Object object;
  if (declared.get(object)) return Fault{reading.kind + " takes a text", "", reading.kind};
  for (const auto& [key, value] : object) {
    if (key == "kind") continue;
    if (key == subject || key == "1") {
      reading.schedule.text = json_bytes(value).value_or("");
    } else if (std::ranges::find(options, key) == options.end()) {
      return Fault{"there is no " + lua::in_quotes(key) + " in " + reading.kind,
                   lua::did_you_mean(key, options), std::string(key)};
    } else if (Checked fault = read_option(reading, key, value)) {
      return fault;
    }
  }
  if (reading.schedule.text.empty()) {
    return Fault{reading.kind + " says no time",
                 every ? "write every \"15m\"" : "write cron(\"0 2 * * SUN\")", reading.kind};
  }
  if (!reading.within) {
    reading.schedule.within =
        reading.schedule.catch_up == Schedule::CatchUp::none ? kGrace : kAnyTime;
  }
  reading.schedule.definition = json_text(declared);
  if (Checked fault = every ? finish_every(reading) : finish_cron(reading, runbook)) return fault;
  into = std::move(reading.schedule);
  return {};
}

}  // namespace engine::triggers
