// Every transition of every zone from 2024 to 2030: never twice where once is right, never silently
// none.
#include <fstream>
#include <set>
#include <sstream>

#include "engine/triggers/cron.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::triggers;

namespace {

constexpr int64_t kDay = 86'400;

struct Transition {
  Zone zone;
  Zone::Period before, after;
};

std::vector<Zone> zones() {
  std::vector<Zone> found;
  std::ifstream table("/usr/share/zoneinfo/zone1970.tab");
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string country, place, name;
    words >> country >> place >> name;
    const Result<Zone> zone = Zone::find(name);
    if (zone) found.push_back(*zone);
  }
  REQUIRE(found.size() > 300);
  return found;
}

// Zones that change at the same moments by the same offsets have one clock.
std::vector<Transition> transitions(const char* from, const char* until) {
  const int64_t end = *parse_time(until) / 1000;
  std::vector<Transition> found;
  std::set<std::array<int64_t, 3>> seen;
  for (const Zone& zone : zones()) {
    Zone::Period period = zone.at(*parse_time(from) / 1000);
    while (period.end_s < end) {
      const Zone::Period after = zone.at(period.end_s);
      if (after.offset_s != period.offset_s &&
          seen.insert({after.begin_s, period.offset_s, after.offset_s}).second)
        found.push_back({zone, period, after});
      period = after;
    }
  }
  return found;
}

std::vector<Slot> slots(const Cron& cron, const Zone& zone, Transitions how, int64_t from,
                        int64_t until) {
  std::vector<Slot> found;
  int64_t at = from - 1;
  for (;;) {
    const std::optional<Slot> slot = cron.next(zone, how, at);
    REQUIRE(slot);
    REQUIRE(slot->at_s > at);
    if (slot->at_s >= until) return found;
    at = slot->at_s;
    found.push_back(*slot);
  }
}

std::string daily_at(int64_t local_s) {
  const int64_t minute = (local_s % kDay + kDay) % kDay / 60;
  return std::to_string(minute % 60) + " " + std::to_string(minute / 60) + " * * *";
}

// By the definition: every minute is looked at.
std::vector<int64_t> minutes_that_fit(const Cron& cron, const Zone& zone, int64_t from,
                                      int64_t until) {
  std::vector<int64_t> found;
  for (int64_t at = from; at < until; at += 60) {
    const int64_t local = at + zone.at(at).offset_s;
    if (cron.next_local(local) == local) found.push_back(at);
  }
  return found;
}

}  // namespace

TEST_CASE("a daily time runs once a day across every transition of every zone", "[cron]") {
  const std::vector<Transition> all = transitions("2024-01-01T00:00:00Z", "2031-01-01T00:00:00Z");
  REQUIRE(all.size() > 100);
  for (const Transition& transition : all) {
    const int64_t at = transition.after.begin_s;
    const int64_t around = at + std::min(transition.before.offset_s, transition.after.offset_s);
    for (const int64_t minutes : {-90, -60, -30, -1, 0, 1, 15, 30, 59, 60, 90, 119, 120, 600}) {
      const Cron cron = *Cron::parse(daily_at(around + minutes * 60), {});
      INFO(transition.zone.text(at)
           << " " << transition.zone.name() << " " << daily_at(around + minutes * 60));
      for (const auto fold : {Transitions::Fold::first, Transitions::Fold::last}) {
        const auto found =
            slots(cron, transition.zone, {.fold = fold}, at - 3 * kDay, at + 3 * kDay);
        REQUIRE(found.size() >= 5);
        for (size_t next = 1; next < found.size(); ++next)
          REQUIRE(found[next].local_s - found[next - 1].local_s == kDay);
      }
      // Where nothing is made up for, what is left out is said.
      const auto skipping = slots(cron, transition.zone, {.gap = Transitions::Gap::skip},
                                  at - 3 * kDay, at + 3 * kDay);
      for (size_t next = 1; next < skipping.size(); ++next)
        REQUIRE(skipping[next].local_s - skipping[next - 1].local_s == kDay);
    }
  }
}

TEST_CASE("hourly and minutely times follow real time across every transition", "[cron]") {
  for (const Transition& transition : transitions("2024-01-01T00:00:00Z", "2031-01-01T00:00:00Z")) {
    const int64_t at = transition.after.begin_s;
    INFO(transition.zone.text(at) << " " << transition.zone.name());
    for (const char* text : {"*/10 * * * *", "30 * * * *", "7,37 * * * *", "*/20 1-3 * * *"}) {
      const Cron cron = *Cron::parse(text, {});
      std::vector<int64_t> found;
      for (const Slot& slot : slots(cron, transition.zone, {}, at - 6 * 3600, at + 6 * 3600)) {
        if (slot.shift != Slot::Shift::lost) found.push_back(slot.at_s);
      }
      INFO(text);
      REQUIRE(found == minutes_that_fit(cron, transition.zone, at - 6 * 3600, at + 6 * 3600));
    }
  }
}
