// Error tables in Lua, and reading any raised value back.
#include "engine/lua/errors.h"

#include <algorithm>
#include <cstring>

#include "engine/lua/binding.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

const char kMeta = 0;  // its address is the registry key of the metatable

void set_text(lua_State* L, const char* name, std::string_view text) {
  if (text.empty()) return;
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, name);
}

// The field as text; empty where it is none. Lua keeps the string alive, as the table does.
std::string_view text_field(lua_State* L, int table, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, table);
  std::string_view text;
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t length = 0;
    const char* data = lua_tolstring(L, -1, &length);
    text = {data, length};
  }
  lua_pop(L, 1);
  return text;
}

bool flag_field(lua_State* L, int table, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, table);
  const bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

void read_details(lua_State* L, int table, std::string& into) {
  lua_pushliteral(L, "details");
  lua_rawget(L, table);
  if (!lua_isnil(L, -1) && !write_json(L, -1, into, Dialect::wire)) into.clear();
  lua_pop(L, 1);
}

// "CODE: message (hint)"
int error_text(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  std::string& out = state(L).scratch;
  out.assign(text_field(L, 1, "code")).append(": ").append(text_field(L, 1, "message"));
  const std::string_view hint = text_field(L, 1, "hint");
  if (!hint.empty()) out.append(" (").append(hint).append(")");
  lua_pushlstring(L, out.data(), out.size());
  return 1;
}

int error_concat(lua_State* L) {
  luaL_tolstring(L, 1, nullptr);
  luaL_tolstring(L, 2, nullptr);
  lua_concat(L, 2);
  return 1;
}

// An error of our Lua-side library (on top) that gave its own line gets the runbook's instead.
void name_callers_line(lua_State* L) {
  constexpr std::string_view kOurs = "engine:";  // as kOurChunk shows in a message
  static_assert(std::string_view(kOurChunk).substr(1) == kOurs.substr(0, kOurs.size() - 1));
  size_t length = 0;
  const char* text = lua_tolstring(L, -1, &length);
  std::string_view rest(text, length);
  if (!rest.starts_with(kOurs)) return;
  rest.remove_prefix(kOurs.size());
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0 || !rest.substr(digits).starts_with(": ")) return;
  std::string& out = state(L).scratch;
  {
    const Position at = where(L);
    out.clear();
    if (at.line > 0) out.append(at.source).append(":").append(std::to_string(at.line)).append(": ");
    out.append(rest.substr(digits + 2));
  }
  lua_pushlstring(L, out.data(), out.size());
  lua_replace(L, -2);
}

struct Taking {
  lua_State* thread;
  Failure* failure;
};

int take(lua_State* L) {
  auto& taking = *static_cast<Taking*>(lua_touserdata(L, 1));
  lua_xmove(taking.thread, L, 1);
  read_error(L, 2, taking.failure->error);
  std::string& text = state(L).scratch;
  text = traceback_of(L, 2);
  taking.failure->traceback = parse_traceback(text);
  return 0;
}

}  // namespace

void install_errors(lua_State* L) {
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, error_text);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, error_concat);
  lua_setfield(L, -2, "__concat");
  lua_pushliteral(L, "error");
  lua_setfield(L, -2, "__name");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMeta);
}

bool is_error(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMeta);
  const bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

void push_error(lua_State* L, const Error& error) {
  luaL_checkstack(L, 6, nullptr);
  lua_createtable(L, 0, 8);
  set_text(L, "code", error.code);
  set_text(L, "message", error.message);
  set_text(L, "hint", error.hint);
  set_text(L, "operation", error.operation);
  if (!error.details.empty() && push_json(L, error.details, Dialect::wire))
    lua_setfield(L, -2, "details");
  if (error.retryable) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "retryable");
  }
  if (error.outcome_unknown) set_text(L, "outcome", "unknown");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMeta);
  lua_setmetatable(L, -2);
}

void raise_error(lua_State* L, const Error& error) {
  push_error(L, error);
  lua_error(L);
  __builtin_unreachable();
}

int raise_pending(lua_State* L) { raise_error(L, state(L).pending); }

int on_error(lua_State* L) {
  State& run = state(L);
  lua_settop(L, 1);
  if (is_error(L, 1)) {
    if (!text_field(L, 1, "traceback").empty()) return 1;
    run.scratch.clear();
    append_traceback(L, run.scratch);
    set_text((lua_pushvalue(L, 1), L), "traceback", run.scratch);
    lua_settop(L, 1);
  } else if (lua_type(L, 1) == LUA_TSTRING) {
    name_callers_line(L);
    size_t length = 0;
    const char* text = lua_tolstring(L, 1, &length);
    // The same words raised again are taken for the same error: where it began is what matters.
    if (run.last_text == std::string_view(text, length) && !run.last_traceback.empty()) return 1;
    run.last_text.assign(text, length);
    run.last_traceback.clear();
    append_traceback(L, run.last_traceback);
  } else {
    run.last_text.clear();
    run.last_traceback.clear();
    append_traceback(L, run.last_traceback);
  }
  return 1;
}

void add_callers(lua_State* L) {
  State& run = state(L);
  if (is_error(L, -1)) {
    run.scratch = text_field(L, lua_gettop(L), "traceback");
    append_traceback(L, run.scratch);
    set_text(L, "traceback", run.scratch);
    return;
  }
  if (lua_type(L, -1) != LUA_TSTRING) return;
  size_t length = 0;
  const char* text = lua_tolstring(L, -1, &length);
  if (run.last_text == std::string_view(text, length)) append_traceback(L, run.last_traceback);
}

std::string traceback_of(lua_State* L, int index) {
  if (is_error(L, index)) return std::string(text_field(L, lua_absindex(L, index), "traceback"));
  return state(L).last_traceback;
}

void read_error(lua_State* L, int index, Error& into) {
  index = lua_absindex(L, index);
  into = Error(code::kFailed, "");
  if (lua_type(L, index) == LUA_TTABLE) {
    const std::string_view error_code = text_field(L, index, "code");
    const std::string_view message = text_field(L, index, "message");
    if (!error_code.empty()) {
      into.code = error_code;
      into.message = message.empty() ? std::string_view("no message was given") : message;
      into.hint = text_field(L, index, "hint");
      into.operation = text_field(L, index, "operation");
      into.retryable = flag_field(L, index, "retryable");
      into.outcome_unknown = text_field(L, index, "outcome") == "unknown";
      read_details(L, index, into.details);
      return;
    }
  }
  size_t length = 0;
  if (lua_type(L, index) == LUA_TSTRING) {
    const char* text = lua_tolstring(L, index, &length);
    into.message.assign(text, length);
    return;
  }
  into.message = std::string("a ") + luaL_typename(L, index) + " was raised as an error";
  if (!write_json(L, index, into.details, Dialect::wire)) into.details.clear();
}

Failure take_failure(State& state, lua_State* thread) {
  Failure failure{Error(code::kFailed, ""), {}, {}};
  Taking taking{thread, &failure};
  if (!protect(state, take, &taking)) failure.error = *state.fatal;
  return failure;
}

}  // namespace engine::lua
