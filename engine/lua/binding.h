// How C++ functions become Lua functions, though Lua leaves C by longjmp, past every destructor.
#pragma once

#include <lua.hpp>

#include "engine/base/error.h"

namespace engine::lua {

// A binding never raises and never yields while it has C++ objects alive: it returns a count of
// results, an Error, or kWait, its objects die, and the trampoline raises or yields on its behalf.
using Binding = Result<int> (*)(lua_State*);
inline constexpr int kWait = -1;
inline constexpr int kRaise = -2;

// Runs the binding; its error is left in state(L).pending. A C++ exception becomes INTERNAL.
int run_binding(lua_State* L, Binding binding);
[[noreturn]] int raise_pending(lua_State* L);
int suspend(lua_State* L);  // coroutine.cc: the one place that yields for a wait

template <Binding binding>
int bind(lua_State* L) {
  const int count = run_binding(L, binding);
  if (count == kRaise) return raise_pending(L);
  if (count == kWait) return suspend(L);
  return count;
}

}  // namespace engine::lua
