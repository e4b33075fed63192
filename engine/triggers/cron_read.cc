// Reading cron expressions, with errors that name the field.
#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>

#include "engine/base/text.h"
#include "engine/triggers/cron.h"

namespace engine::triggers {
namespace {

constexpr size_t kTextMax = 1000;
constexpr int kSpreadDays = 28;  // H in the day of the month: what every month has

using Names = std::span<const std::string_view>;
constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};

struct Kind {
  std::string_view name;
  int low, high;
  Names names = {};  // from `low` on
};
constexpr std::array<Kind, 6> kKinds = {{{"second", 0, 59},
                                         {"minute", 0, 59},
                                         {"hour", 0, 23},
                                         {"day of the month", 1, 31},
                                         {"month", 1, 12, kMonths},
                                         {"day of the week", 0, 7, kWeekdays}}};
constexpr const Kind& kDayOfMonth = kKinds[3];
constexpr const Kind& kDayOfWeek = kKinds[5];

struct Descriptor {
  std::string_view name, fields;
};
constexpr std::array<Descriptor, 7> kDescriptors = {{{"@yearly", "0 0 1 1 *"},
                                                     {"@annually", "0 0 1 1 *"},
                                                     {"@monthly", "0 0 1 * *"},
                                                     {"@weekly", "0 0 * * 0"},
                                                     {"@daily", "0 0 * * *"},
                                                     {"@midnight", "0 0 * * *"},
                                                     {"@hourly", "0 * * * *"}}};

std::string upper(std::string_view text) {
  std::string big(text);
  std::ranges::transform(big, big.begin(), [](unsigned char c) { return std::toupper(c); });
  return big;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  size_t at = 0;
  while ((at = text.find_first_not_of(" \t", at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// FNV-1a: the same on every machine and in every version.
uint64_t spread(std::string_view by, std::string_view field) {
  uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const std::string_view text : {by, std::string_view("/"), field}) {
    for (const unsigned char c : text) hash = (hash ^ c) * 1'099'511'628'211ULL;
  }
  return hash ^ hash >> 32;
}

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && text[0] != '-';
  return whole ? std::optional(number) : std::nullopt;
}

std::string allowed_in(const Kind& kind) {
  std::string text = std::to_string(kind.low) + " to " + std::to_string(kind.high);
  if (!kind.names.empty()) {
    text += ", or " + std::string(kind.names.front()) + " to " + std::string(kind.names.back());
  }
  return text;
}

}  // namespace

// One expression on its way into a Cron.
class CronReader {
 public:
  CronReader(std::string_view text, const Cron::Options& options)
      : text_(text), options_(options) {}

  Result<Cron> read() {
    std::string_view rest = trim(text_);
    if (rest.size() > kTextMax) return refuse("it is too long", "");
    if (Result<void> zone = take_zone(rest); !zone) return engine::fail(zone.error());
    if (rest.starts_with('@')) {
      if (Result<void> known = take_descriptor(rest); !known) return engine::fail(known.error());
    }
    std::vector<std::string_view> words = words_of(rest);
    if (options_.seconds && !from_descriptor_) {
      if (words.size() != 6)
        return refuse("it has " + std::to_string(words.size()) + " fields, not 6",
                      "with seconds they are: second minute hour day month weekday");
      const Result<uint64_t> bits = read_field(kKinds[0], words[0]);
      if (!bits) return engine::fail(bits.error());
      cron_.seconds_ = *bits;
      words.erase(words.begin());
    }
    if (words.size() != 5) {
      return refuse("it has " + std::to_string(words.size()) + " fields, not 5",
                    words.size() == 6 ? "a leading field of seconds needs `seconds = true` "
                                        "(--seconds on the command line)"
                                      : "they are: minute hour day month weekday");
    }
    if (Result<void> taken = take_fields(words); !taken) return engine::fail(taken.error());
    if (!cron_.next_local(0)) {
      return refuse("no day of any year fits it",
                    "its days of the month do not occur in its months");
    }
    return cron_;
  }

 private:
  std::unexpected<Error> refuse(const std::string& why, std::string hint) const {
    return engine::fail(code::kInvalidArgument,
                        "the cron expression '" + shortened(text_, 100) + "': " + why,
                        std::move(hint));
  }

  std::unexpected<Error> refuse(const Kind& kind, std::string_view given) const {
    return refuse(
        "the " + std::string(kind.name) + " cannot be '" + shortened(given, 40) + "'",
        "it is " + allowed_in(kind) + ", *, a list 1,2, a range 1-5, a step */2 or H" +
            (&kind == &kDayOfMonth ? ", or L for the last day" : "") +
            (&kind == &kDayOfWeek ? ", 5L for the last Friday, SUN#1 for the first Sunday" : ""));
  }

  Result<void> take_zone(std::string_view& rest) {
    const bool cron_tz = rest.starts_with("CRON_TZ=");
    if (!cron_tz && !rest.starts_with("TZ=")) return {};
    const size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    const std::string_view name = rest.substr(cron_tz ? 8 : 3, end - (cron_tz ? 8 : 3));
    Result<Zone> zone = Zone::find(name);
    if (!zone) return refuse(zone.error().message, zone.error().hint);
    cron_.zone_ = *zone;
    rest = trim(rest.substr(end));
    return {};
  }

  Result<void> take_descriptor(std::string_view& rest) {
    std::vector<std::string> names;
    for (const Descriptor& known : kDescriptors) {
      if (upper(known.name) == upper(rest)) {
        rest = known.fields;
        from_descriptor_ = true;
        return {};
      }
      names.emplace_back(known.name);
    }
    if (rest.starts_with("@every"))
      return refuse("it is no calendar time", "write every \"15m\" instead of cron");
    const std::optional<std::string> near = nearest(rest, names);
    return refuse("there is no '" + shortened(rest, 40) + "'",
                  near ? "did you mean '" + *near + "'?"
                       : "there are @yearly @monthly @weekly @daily @midnight @hourly");
  }

  Result<void> take_fields(const std::vector<std::string_view>& words) {
    std::array<uint64_t, 5> bits{};
    for (size_t at = 0; at < 5; ++at) {
      Result<uint64_t> read = read_field(kKinds[at + 1], words[at]);
      if (!read) return engine::fail(read.error());
      bits[at] = *read;
    }
    const auto is_any = [](std::string_view word) { return word[0] == '*' || word[0] == '?'; };
    cron_.minutes_ = bits[0];
    cron_.hours_ = static_cast<uint32_t>(bits[1]);
    cron_.days_ = static_cast<uint32_t>(bits[2]);
    cron_.months_ = static_cast<uint16_t>(bits[3]);
    cron_.weekdays_ = static_cast<uint8_t>((bits[4] | bits[4] >> 7) & 127);
    cron_.any_minute_ = is_any(words[0]);
    cron_.any_hour_ = std::popcount(bits[1]) == 24;
    cron_.any_day_ = is_any(words[2]);
    cron_.any_weekday_ = is_any(words[4]);
    return {};
  }

  Result<uint64_t> read_field(const Kind& kind, std::string_view word) {
    uint64_t bits = 0;
    for (const std::string_view part : split(word, ',')) {
      const Result<uint64_t> more = read_part(kind, part);
      if (!more) return more;
      bits |= *more;
    }
    return bits;
  }

  std::optional<int> value_of(const Kind& kind, std::string_view word) const {
    const auto name = std::ranges::find(kind.names, upper(word));
    if (name != kind.names.end()) return kind.low + static_cast<int>(name - kind.names.begin());
    const std::optional<int> number = number_of(word);
    return number && *number >= kind.low && *number <= kind.high ? number : std::nullopt;
  }

  // L, 5L and SUN#1, which depend on the month. False: it is none of these.
  bool take_special(const Kind& kind, std::string_view part) {
    const bool of_week = &kind == &kDayOfWeek;
    if (&kind == &kDayOfMonth && upper(part) == "L") {
      cron_.last_day_ = true;
      return true;
    }
    if (!of_week || part.size() < 2) return false;
    if (upper(part).ends_with('L')) {
      const auto day = value_of(kind, part.substr(0, part.size() - 1));
      if (day) cron_.last_weekdays_ |= static_cast<uint8_t>(1U << (*day % 7));
      return day.has_value();
    }
    const size_t hash = part.find('#');
    if (hash == std::string_view::npos) return false;
    const auto day = value_of(kind, part.substr(0, hash));
    const auto nth = number_of(part.substr(hash + 1));
    if (!day || !nth || *nth < 1 || *nth > 5) return false;
    cron_.nth_weekdays_ |= 1ULL << (*day % 7 * 5 + *nth - 1);
    return true;
  }

  struct Range {
    int low, high;
  };

  // H(0-7) has its own bounds; H alone those of the field.
  std::optional<Range> hashed(const Kind& kind, std::string_view base) const {
    if (base.size() == 1)
      return Range{kind.low, &kind == &kDayOfMonth  ? kSpreadDays
                             : &kind == &kDayOfWeek ? 6
                                                    : kind.high};
    if (!base.starts_with("H(") && !base.starts_with("h(")) return std::nullopt;
    if (!base.ends_with(')')) return std::nullopt;
    return range_of(kind, base.substr(2, base.size() - 3));
  }

  // "5", "1-5", "SAT-SUN".
  std::optional<Range> range_of(const Kind& kind, std::string_view base) const {
    const size_t dash = base.find('-');
    const auto low = value_of(kind, base.substr(0, dash));
    auto high = dash == std::string_view::npos ? low : value_of(kind, base.substr(dash + 1));
    if (&kind == &kDayOfWeek && high == 0 && low && *low > 0) high = 7;
    if (!low || !high || *low > *high) return std::nullopt;
    return Range{*low, *high};
  }

  Result<uint64_t> read_part(const Kind& kind, std::string_view part) {
    if (take_special(kind, part)) return 0;
    const size_t slash = part.find('/');
    const std::string_view base = part.substr(0, slash);
    int step = 1;
    if (slash != std::string_view::npos) {
      const auto given = number_of(part.substr(slash + 1));
      if (!given || *given < 1) return refuse(kind, part);
      if (*given > kind.high) {
        return refuse("the " + std::string(kind.name) + " has no step of " + std::to_string(*given),
                      "use every \"90m\" for what is longer than the field goes");
      }
      step = *given;
    }
    const bool is_hashed = base.starts_with('H') || base.starts_with('h');
    std::optional<Range> range;
    if (base == "*" || base == "?") {
      range = Range{kind.low, &kind == &kDayOfWeek ? 6 : kind.high};
    } else if (is_hashed) {
      range = hashed(kind, base);
    } else {
      range = range_of(kind, base);
      // "5/15" goes on to the end of the field.
      const bool alone = base.find('-') == std::string_view::npos;
      if (range && alone && slash != std::string_view::npos)
        range->high = &kind == &kDayOfWeek ? 6 : kind.high;
    }
    if (!range) return refuse(kind, part);
    if (is_hashed) {
      const bool one = slash == std::string_view::npos;
      const int width = range->high - range->low + 1;
      const auto places = static_cast<uint64_t>(one ? width : std::min(step, width));
      range->low += static_cast<int>(spread(options_.spread_by, kind.name) % places);
      if (one) range->high = range->low;
    }
    uint64_t bits = 0;
    for (int at = range->low; at <= range->high; at += step) bits |= 1ULL << at;
    return bits;
  }

  std::string_view text_;
  Cron::Options options_;
  Cron cron_;
  bool from_descriptor_ = false;
};

Result<Cron> Cron::parse(std::string_view text, const Options& options) {
  return CronReader(text, options).read();
}

}  // namespace engine::triggers
