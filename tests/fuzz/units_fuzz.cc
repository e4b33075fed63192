// Durations, sizes and times: whatever is read must come back the same after it was written.
#include <cstdlib>
#include <string_view>

#include "engine/base/units.h"

using namespace engine;

static void check(bool holds) {
  if (!holds) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const Result<Millis> duration = parse_duration(text)) {
    check(duration->count() >= 0);
    const Result<Millis> again = parse_duration(format_duration(*duration));
    check(again && *again == *duration);
    check(!human_duration(*duration).empty());
  }
  if (const Result<int64_t> bytes = parse_size(text)) {
    check(*bytes >= 0);
    check(!human_size(*bytes).empty());
  }
  if (const Result<int64_t> time = parse_time(text)) {
    const Result<int64_t> again = parse_time(format_time_utc(*time));
    check(again && *again == *time);
    const Result<int64_t> local = parse_time(format_time_local(*time));
    check(local && *local == *time);
  }
  return 0;
}
