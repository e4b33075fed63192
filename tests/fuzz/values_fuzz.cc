// JSON to Lua to JSON: what was written once is written the same way again, whatever the first text
// was.
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/lua/state.h"
#include "engine/lua/values.h"
#include "engine/ops/registry.h"

using namespace engine;

namespace {

// A run that reaches nothing.
class Nowhere : public lua::Outside {
 public:
  TaskPtr call(const lua::Place&, std::string_view, std::string, int, const lua::Position&,
               Done) override {
    return nullptr;
  }
  TaskPtr wait(const lua::Place&, int64_t, std::string_view, const lua::Position&, Done) override {
    return nullptr;
  }
  void step_opened(int, int, std::string_view, const lua::Position&) override {}
  void step_closed(int, const Error*) override {}
  void retrying(int, int, int, int64_t, const Error&) override {}
  void log(std::string_view, std::string_view, std::string, int) override {}
  void report(std::string) override {}
  int64_t now_ms() override { return 0; }
  uint64_t random_seed() override { return 1; }
  Result<Module> module(std::string_view, std::string_view) override {
    return fail(code::kNotFound, "none");
  }
};

struct Trip {
  std::string_view json;
  lua::Dialect dialect;
  std::string written;
  bool read;
};

int travel(lua_State* L) {
  auto& trip = *static_cast<Trip*>(lua_touserdata(L, 1));
  trip.read = lua::push_json(L, trip.json, trip.dialect).has_value();
  if (trip.read && !lua::write_json(L, -1, trip.written, trip.dialect)) std::abort();
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  static ops::Registry registry;
  static Nowhere nowhere;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  for (const lua::Dialect dialect : {lua::Dialect::wire, lua::Dialect::plain}) {
    auto state = lua::make_state(lua::Limits(), registry, nowhere);
    Trip first{json, dialect, {}, false};
    if (!lua::protect(**state, travel, &first) || !first.read) continue;
    Trip second{first.written, dialect, {}, false};
    if (!lua::protect(**state, travel, &second) || second.written != first.written) std::abort();
  }
  return 0;
}
