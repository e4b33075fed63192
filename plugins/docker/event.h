// One of Docker's events in our words, and the cursor behind it.
#pragma once

#include <set>

#include "plugins/docker/reading.h"

namespace engine::docker {

// The word before the colon of an action ("health_status: healthy"), and what is behind it.
std::string_view action_of(element event);
std::string_view detail_of(element event);
int64_t nanoseconds_of(element event);

// {"time","type","action","detail"?,"id","name","attributes","image"?,"exit_code"?}
void write_event(JsonWriter& json, element event);

// Seconds since 1970 with nine places, as Docker reads them.
std::string moment_text(int64_t nanoseconds);

// How far the events have been told: the time of the newest, and which ones of that very
// nanosecond, since several can share it and Docker tells all of them again.
class EventCursor {
 public:
  // False for what is no cursor of ours.
  bool read(std::string_view text);
  std::string text() const;
  int64_t nanoseconds() const { return nanoseconds_; }
  // Whether it was not told yet; then it counts as told.
  bool take(int64_t nanoseconds, std::string_view line);

 private:
  int64_t nanoseconds_ = 0;
  std::set<std::string> told_;
};

}  // namespace engine::docker
