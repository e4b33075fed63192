// json.encode, json.decode, and the marks json.null, json.map{} and json.list{}.
#include <lua.hpp>

#include "engine/lua/binding.h"
#include "engine/lua/library.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

constexpr lua_Integer kIndentMax = 8;

// Indents JSON that is valid and has no white space between its parts.
std::string indented(std::string_view json, int width) {
  std::string out;
  int depth = 0;
  bool in_string = false;
  const auto new_line = [&] {
    out.append("\n").append(static_cast<size_t>(depth) * static_cast<size_t>(width), ' ');
  };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    const bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    if (in_string) {
      out += c;
      if (c == '\\') out += json[++i];
      in_string = c != '"';
    } else if (opens && i + 1 < json.size() && json[i + 1] == c + 2) {  // nothing in it
      out.append(json.substr(i++, 2));
    } else {
      if (closes) --depth;
      if (closes) new_line();
      out += c;
      in_string = c == '"';
      if (opens) ++depth;
      if (opens || c == ',') new_line();
      if (c == ':') out += ' ';
    }
  }
  return out;
}

// encode(value, { indent = n }) -> text
Result<int> encode(lua_State* L) {
  lua_settop(L, 2);
  lua_Integer indent = 0;
  if (lua_istable(L, 2)) {
    lua_getfield(L, 2, "indent");
    if (!lua_isnil(L, -1) && !lua_isinteger(L, -1)) {
      return fail(code::kInvalidArgument, "json.encode: indent has to be a whole number");
    }
    indent = lua_tointeger(L, -1);
  } else if (!lua_isnil(L, 2)) {
    return fail(code::kInvalidArgument, "json.encode takes a value and a table of options",
                "write json.encode(value, { indent = 2 })");
  }
  if (indent < 0 || indent > kIndentMax) {
    return fail(code::kInvalidArgument, "json.encode: indent has to be between 0 and 8");
  }
  std::string& text = state(L).scratch;
  text.clear();
  if (Result<void> written = write_json(L, 1, text, Dialect::plain); !written) {
    Error error = std::move(written.error());
    error.message = "json.encode: " + error.message;
    return fail(std::move(error));
  }
  if (indent > 0) text = indented(text, static_cast<int>(indent));
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

// decode(text) -> value
Result<int> decode(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) {
    return fail(code::kInvalidArgument,
                std::string("json.decode takes text, not a ") + luaL_typename(L, 1));
  }
  size_t size;
  const char* bytes = lua_tolstring(L, 1, &size);
  const std::string_view text(bytes, size);
  Result<void> pushed = push_json(L, text, Dialect::plain);
  if (pushed) return 1;
  pushed.error().message = "json.decode: " + pushed.error().message;
  return fail(std::move(pushed.error()));
}

// The work is charged once no C++ object is alive: charging may raise.
int charged_encode(lua_State* L) {
  const int count = bind<encode>(L);
  charge(L, lua_rawlen(L, -1) / 2);
  return count;
}

int charged_decode(lua_State* L) {
  if (lua_type(L, 1) == LUA_TSTRING) charge(L, lua_rawlen(L, 1) / 2);
  return bind<decode>(L);
}

int marked(lua_State* L, void (*mark)(lua_State*, int)) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  mark(L, 1);
  return 1;
}
int map(lua_State* L) { return marked(L, mark_map); }
int list(lua_State* L) { return marked(L, mark_list); }

}  // namespace

void install_json(lua_State* L) {
  const luaL_Reg functions[] = {{"encode", charged_encode},
                                {"decode", charged_decode},
                                {"map", map},
                                {"list", list},
                                {nullptr, nullptr}};
  luaL_newlib(L, functions);
  push_null(L);
  lua_setfield(L, -2, "null");
  lua_setglobal(L, "json");
}

}  // namespace engine::lua
