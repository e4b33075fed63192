// What replaces Lua's own library in a run: the same functions, but bounded in size, sliced in
// time, deterministic, and able to wait wherever they call back. Each part is C++ primitives and,
// where it calls back, Lua (library.lua).
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/error.h"

struct lua_State;

namespace engine::lua {

// No text made by one call may be longer.
inline constexpr int64_t kTextMax = 16 << 20;

// Sets table, utf8, math, os and json, and makes the stock `string` ours, for library.lua to
// complete; what that needs comes into the table on top, which has the sandbox's own `tostring`.
void install_library(lua_State* L);

// The parts. Those that library.lua completes put what it needs into the table at `primitives`.
void install_strings(lua_State* L, int primitives);
void install_search(lua_State* L, int strings, int primitives);
void install_tables(lua_State* L);
void install_math_os(lua_State* L);
void install_json(lua_State* L);

// Raises { code, message, hint }. It jumps: nothing with a destructor may be alive in the caller.
[[noreturn]] void raise(lua_State* L, std::string_view code, const char* hint, const char* format,
                        ...);

}  // namespace engine::lua
