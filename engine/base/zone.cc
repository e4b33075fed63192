// Zones by Howard Hinnant's date library, whose exceptions end here.
#include "engine/base/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "engine/base/text.h"

namespace engine {
namespace {

std::string two(int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

const date::time_zone* located(std::string_view name) {
  try {
    const date::time_zone* zone = date::locate_zone(std::string(name));
    // Its file is read when it is first asked.
    static_cast<void>(zone->get_info(date::sys_seconds{}));
    return zone;
  } catch (const std::exception&) {
    return nullptr;
  }
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  } catch (const std::exception&) {
    names.clear();
  }
  return names;
}

// The one whose last part is the word, or the one that is spelt nearly like it.
std::string meant(std::string_view word, const std::vector<std::string>& names) {
  const auto lower = [](std::string_view text) {
    std::string small(text);
    std::ranges::transform(small, small.begin(), [](unsigned char c) { return std::tolower(c); });
    return small;
  };
  const std::string wanted = lower(word);
  for (const std::string& name : names) {
    const std::string known = lower(name);
    if (known == wanted || known.ends_with("/" + wanted)) return name;
  }
  return nearest(word, names).value_or("");
}

}  // namespace

Result<Zone> Zone::find(std::string_view name) {
  if (const date::time_zone* zone = located(name)) return Zone(zone);
  const std::vector<std::string> names = zone_names();
  if (names.empty()) {
    return fail(code::kFailed, "there are no time zones on this machine",
                "install the package tzdata");
  }
  const std::string near = meant(name, names);
  return fail(code::kNotFound, "there is no time zone '" + std::string(name) + "'",
              near.empty() ? "write one such as Europe/Berlin or UTC; /usr/share/zoneinfo has them"
                           : "did you mean '" + near + "'?");
}

Zone Zone::local() {
  const char* variable = std::getenv("TZ");
  std::string_view named = variable ? variable : "";
  if (named.starts_with(':')) named.remove_prefix(1);
  if (!named.empty()) {
    if (const date::time_zone* zone = located(named)) return Zone(zone);
  }
  try {
    if (named.empty()) return Zone(date::current_zone());
  } catch (const std::exception&) {
    // No /etc/localtime: the C library takes UTC too.
  }
  const date::time_zone* utc = located("UTC");
  return Zone(utc);
}

std::string Zone::name() const { return zone_ ? zone_->name() : "UTC"; }

Zone::Period Zone::at(int64_t utc_s) const {
  if (!zone_) return {INT64_MIN / 2, INT64_MAX / 2, 0, "UTC"};
  const date::sys_info info = zone_->get_info(date::sys_seconds{std::chrono::seconds{utc_s}});
  return {info.begin.time_since_epoch().count(), info.end.time_since_epoch().count(),
          static_cast<int32_t>(info.offset.count()), info.abbrev};
}

std::string local_time_text(int64_t local_s) {
  using namespace std::chrono;
  const auto day = floor<days>(sys_seconds{seconds{local_s}});
  const year_month_day date{day};
  const int64_t rest = local_s - seconds{day.time_since_epoch()}.count();
  return std::to_string(static_cast<int>(date.year())) + "-" +
         two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day())) +
         "T" + two(rest / 3600) + ":" + two(rest / 60 % 60) + ":" + two(rest % 60);
}

std::string Zone::text(int64_t utc_s) const {
  const int64_t offset = at(utc_s).offset_s;
  const int64_t minutes = std::abs(offset) / 60;
  return local_time_text(utc_s + offset) + (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" +
         two(minutes % 60);
}

}  // namespace engine
