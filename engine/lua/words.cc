// The words by which a script speaks: fail, log, report, print, secret.
#include <cstring>

#include "engine/lua/binding.h"
#include "engine/lua/control.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

constexpr size_t kLogBytesMax = 64 << 10;  // of one message

std::string_view text_at(lua_State* L, int index) {
  size_t length = 0;
  const char* text = lua_tolstring(L, index, &length);
  return {text ? text : "", text ? length : 0};
}

int current_step(lua_State* L) {
  const Coroutine* self = owner(L);
  return self ? self->step : 0;
}

// fail(code, message, { hint =, details = })
Result<int> fail_word(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING || lua_type(L, 2) != LUA_TSTRING) {
    return fail(code::kInvalidArgument, "fail takes a code and a message, both text",
                "fail(\"NOT_FOUND\", \"no container named 'db'\", { hint = \"...\" })");
  }
  Error error(text_at(L, 1), std::string(text_at(L, 2)));
  if (lua_istable(L, 3)) {
    lua_getfield(L, 3, "hint");
    error.hint = text_at(L, -1);
    lua_getfield(L, 3, "retryable");
    error.retryable = lua_toboolean(L, -1);
    lua_getfield(L, 3, "details");
    if (!lua_isnil(L, -1)) {
      if (Result<void> written = write_json(L, -1, error.details, Dialect::wire); !written) {
        return fail(code::kInvalidArgument, "fail: details." + written.error().message,
                    written.error().hint);
      }
    }
  } else if (!lua_isnoneornil(L, 3)) {
    return fail(code::kInvalidArgument,
                "fail: the third argument is a table, { hint = ..., details = ... }");
  }
  return fail(std::move(error));
}

// level text, the message as tostring shows it, fields; made by log_call
Result<int> write_log(lua_State* L) {
  State& run = state(L);
  if (run.loading)
    return fail(code::kInvalidArgument, "log can only be used while a run runs",
                "call it inside run");
  std::string fields = "{}";
  if (!lua_isnoneornil(L, 3)) {
    fields.clear();
    if (Result<void> written = write_json(L, 3, fields, Dialect::wire, true); !written) {
      return fail(code::kInvalidArgument, "log: fields: " + written.error().message,
                  written.error().hint);
    }
    if (!fields.starts_with('{')) {
      return fail(code::kInvalidArgument, "log: fields are a table of names and values");
    }
  }
  run.outside.log(text_at(L, 1), text_at(L, 2).substr(0, kLogBytesMax), std::move(fields),
                  current_step(L));
  return 0;
}

int log_call(lua_State* L) {
  lua_settop(L, 2);
  luaL_tolstring(L, 1, nullptr);
  lua_replace(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);  // level message fields
  return bind<write_log>(L);
}

int print(lua_State* L) {
  const int count = lua_gettop(L);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int i = 1; i <= count; ++i) {
    if (i > 1) luaL_addchar(&text, '\t');
    luaL_tolstring(L, i, nullptr);
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  lua_replace(L, 1 <= count ? 1 : (lua_pushnil(L), 1));
  lua_settop(L, 1);
  lua_pushliteral(L, "info");
  lua_insert(L, 1);
  return bind<write_log>(L);
}

Result<int> report(lua_State* L) {
  State& run = state(L);
  if (run.loading) {
    return fail(code::kInvalidArgument, "report can only be used while a run runs",
                "call it inside run");
  }
  if (lua_isnoneornil(L, 1)) return fail(code::kInvalidArgument, "report takes a text or a table");
  std::string json;
  if (Result<void> written = write_json(L, 1, json, Dialect::wire); !written) {
    return fail(code::kInvalidArgument, "report: " + written.error().message, written.error().hint);
  }
  run.outside.report(std::move(json));
  return 0;
}

Result<int> secret(lua_State* L) {
  const std::string_view name = text_at(L, 1);
  if (lua_type(L, 1) != LUA_TSTRING || name.empty()) {
    return fail(code::kInvalidArgument, "secret takes the name of a secret",
                "secret(\"slack/token\")");
  }
  push_secret(L, name);
  return 1;
}

}  // namespace

void install_words(lua_State* L) {
  lua_register(L, "fail", bind<fail_word>);
  lua_register(L, "report", bind<report>);
  lua_register(L, "secret", bind<secret>);
  lua_register(L, "print", print);
  lua_createtable(L, 0, 4);
  for (const char* level : {"debug", "info", "warn", "error"}) {
    lua_pushstring(L, level);
    lua_pushcclosure(L, log_call, 1);
    lua_setfield(L, -2, level);
  }
  lua_setglobal(L, "log");
}

}  // namespace engine::lua
