// Configuration: any text is either read or refused with a place that lies within it.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "engine/base/json_read.h"
#include "engine/config/toml.h"

using namespace engine;

static void check(bool holds) {
  if (!holds) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const auto entries = config::read_toml(text);
  if (!entries) {
    check(!entries.error().message.empty());
    check(entries.error().line >= 0 && static_cast<size_t>(entries.error().line) <= size + 2);
    return 0;
  }
  for (const config::Entry& entry : *entries) {
    check(entry.line >= 1);
    check(read_json(entry.value.json).has_value());
  }
  return 0;
}
