// The net below every binding.
#include "engine/lua/binding.h"

#include <exception>

#include "engine/lua/state.h"

namespace engine::lua {

int run_binding(lua_State* L, Binding binding) {
  State& run = state(L);
  try {
    Result<int> count = binding(L);
    if (count) return *count;
    run.pending = std::move(count.error());
  } catch (const std::exception& exception) {
    run.pending =
        Error(code::kInternal, std::string("a function of the engine failed: ") + exception.what());
  }
  return kRaise;
}

}  // namespace engine::lua
