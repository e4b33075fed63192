// Errors across the border: Error in C++, a table { code, message, operation, hint, details, ... }
// in Lua.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/lua/interpreter.h"

namespace engine::lua {

struct State;

// Name of the chunks that are ours: their lines are in nobody's traceback.
inline constexpr const char* kOurChunk = "=engine";

// The innermost line of a runbook or module that is running.
Position where(lua_State* L);

// Raises `error` as a table. By longjmp: `error` must be owned by something that stays.
[[noreturn]] void raise_error(lua_State* L, const Error& error);
void push_error(lua_State* L, const Error& error);
// Raises state(L).pending, into which the caller moved its error.
[[noreturn]] int raise_pending(lua_State* L);

// A message handler for protected calls: notes where an error came from and returns it.
int on_error(lua_State* L);
// "source:line: in function 'x'", a line each, innermost first.
void append_traceback(lua_State* L, std::string& out);
// Adds where L stands to what is noted about the error on top, which comes from a task of L's.
void add_callers(lua_State* L);
// What on_error noted about the error at `index`.
std::string traceback_of(lua_State* L, int index);
std::vector<Frame> parse_traceback(std::string_view text);

// Any Lua error value as an Error. Raises nothing but a lack of memory; `into` belongs to something
// that stays.
void read_error(lua_State* L, int index, Error& into);
// The failure of a task whose error is on top of its stack; pops it.
Failure take_failure(State& state, lua_State* thread);

// The source line with a caret below what the message names: "  3 | local x = = 2\n    | ^".
std::string excerpt(std::string_view text, int line, std::string_view message);
// Counted from 1; 1 where the message names nothing on that line.
int column_of(std::string_view line, std::string_view message);

// A string error of Lua's compiler or of a chunk's top level: position split from the words.
struct SplitMessage {
  Position at;  // line 0: the text has no position
  std::string message;
};
SplitMessage split_message(std::string_view text);

// Registers the metatable of errors; tostring and `..` work on them.
void install_errors(lua_State* L);
bool is_error(lua_State* L, int index);

}  // namespace engine::lua
