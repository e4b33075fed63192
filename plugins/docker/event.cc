// Docker 20.10 to 28 agree in Type, Action, Actor and timeNano.
#include "plugins/docker/event.h"

#include <charconv>

namespace engine::docker {

namespace {

constexpr std::string_view kPrefix = "ns";
constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kToldMax = 64;

// FNV-1a: the same in every process.
std::string fingerprint(std::string_view line) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : line) hash = (hash ^ byte) * 0x100000001b3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016lx", static_cast<unsigned long>(hash));
  return digits;
}

}  // namespace

std::string_view action_of(element event) {
  const std::string_view action = text_at(event, "Action");
  return action.substr(0, action.find(':'));
}

std::string_view detail_of(element event) {
  const std::string_view action = text_at(event, "Action");
  const size_t colon = action.find(':');
  return colon == action.npos ? std::string_view() : trim(action.substr(colon + 1));
}

int64_t nanoseconds_of(element event) {
  const int64_t nanoseconds = integer_at(event, "timeNano");
  return nanoseconds != 0 ? nanoseconds : integer_at(event, "time") * kSecond;
}

void write_event(JsonWriter& json, element event) {
  json.begin_object()
      .field("time", format_time_utc(nanoseconds_of(event) / 1'000'000))
      .field("type", text_at(event, "Type"))
      .field("action", action_of(event));
  if (const auto detail = detail_of(event); !detail.empty()) json.field("detail", detail);
  json.field("id", text_at(event, "Actor/ID"));
  json.field("name", text_at(event, "Actor/Attributes/name"));
  field_value(json, "attributes", event, "Actor/Attributes", "{}");
  if (const auto image = text_at(event, "Actor/Attributes/image"); !image.empty())
    json.field("image", image);
  const std::string_view exit_code = text_at(event, "Actor/Attributes/exitCode");
  int64_t number = 0;
  const auto read = std::from_chars(exit_code.begin(), exit_code.end(), number);
  if (!exit_code.empty() && read.ec == std::errc()) json.field("exit_code", number);
  json.end_object();
}

std::string moment_text(int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%ld.%09ld", static_cast<long>(nanoseconds / kSecond),
                static_cast<long>(nanoseconds % kSecond));
  return text;
}

bool EventCursor::read(std::string_view text) {
  if (!text.starts_with(kPrefix)) return false;
  const std::vector<std::string_view> parts = split(text.substr(kPrefix.size()), '-');
  const auto read = std::from_chars(parts[0].begin(), parts[0].end(), nanoseconds_);
  if (read.ec != std::errc() || read.ptr != parts[0].end() || nanoseconds_ < 0) return false;
  told_.clear();
  for (size_t index = 1; index < parts.size(); ++index) told_.emplace(parts[index]);
  return true;
}

std::string EventCursor::text() const {
  std::string text = std::string(kPrefix) + std::to_string(nanoseconds_);
  for (const std::string& told : told_) text += "-" + told;
  return text;
}

bool EventCursor::take(int64_t nanoseconds, std::string_view line) {
  // Events written down side by side may overtake each other by a little while they are live.
  if (nanoseconds < nanoseconds_) return true;
  if (nanoseconds > nanoseconds_) {
    nanoseconds_ = nanoseconds;
    told_.clear();
  }
  const bool fresh = told_.insert(fingerprint(line)).second;
  if (told_.size() > kToldMax) told_.erase(told_.begin());
  return fresh;
}

}  // namespace engine::docker
