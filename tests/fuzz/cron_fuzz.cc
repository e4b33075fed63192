// Cron expressions, which anybody may write: any text is read or refused, and slots go forward.
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "engine/triggers/cron.h"

using namespace engine;
using namespace engine::triggers;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Zone zone = *Zone::find("Australia/Lord_Howe");
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool seconds = text.starts_with('!');
  if (seconds) text.remove_prefix(1);
  const Result<Cron> cron = Cron::parse(text, {seconds, "fuzz"});
  if (!cron) {
    assert(!cron.error().message.empty());
    return 0;
  }
  const Transitions ways[] = {{}, {Transitions::Gap::skip, Transitions::Fold::last}};
  for (const Transitions& way : ways) {
    int64_t at = 1'790'000'000;
    for (int count = 0; count < 20; ++count) {
      const auto slot = cron->next(zone, way, at);
      if (!slot) break;
      assert(slot->at_s > at);
      at = slot->at_s;
    }
  }
  return 0;
}
