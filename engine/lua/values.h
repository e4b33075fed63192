// Values between Lua and JSON text, in both directions, with nothing lost: null, empty maps,
// integers, bytes.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace engine::lua {

// `wire` is how values travel: {"$bytes"}, {"$secret"}, {"$planned"} have their meaning and a
// user's own key that begins with '$' is doubled. `plain` is everybody's JSON: keys are left alone,
// bytes and secrets are refused. `declaration` (writing only) is plain, but a table may mix
// positions and names: positions become the keys "1", "2", ...
enum class Dialect { wire, plain, declaration };

inline constexpr size_t kValueBytesMax = 32 << 20;

// Appends the value at `index`; nothing else on the stack changes. An INVALID_ARGUMENT error names
// the path within the value: "list[3].name: a function has no JSON form". `top_map`: an empty table
// at the top is {} and not [].
Result<void> write_json(lua_State* L, int index, std::string& out, Dialect dialect,
                        bool top_map = false);

// Pushes the value, or returns an error and pushes nothing. Lack of memory is raised by longjmp:
// the caller holds nothing with a destructor.
Result<void> push_json(lua_State* L, std::string_view json, Dialect dialect);

// json.null, and the marks of empty tables.
void push_null(lua_State* L);
bool is_null(lua_State* L, int index);
void mark_map(lua_State* L, int index);  // sets the metatable that says "this is a map"
void mark_list(lua_State* L, int index);
enum class Mark { none, map, list };
Mark mark_of(lua_State* L, int index);

// secret("name"): a reference, never the value. Raises nothing but lack of memory.
void push_secret(lua_State* L, std::string_view name);
// A dry run's stand-in for what a call would have answered.
void push_planned(lua_State* L, std::string_view text);
bool is_planned(lua_State* L, int index);
// The name of a secret or the text of a placeholder, null when the value is neither.
const char* secret_name(lua_State* L, int index, size_t* length);
const char* planned_text(lua_State* L, int index, size_t* length);

// Registers the metatables of all of these.
void install_values(lua_State* L);

}  // namespace engine::lua
