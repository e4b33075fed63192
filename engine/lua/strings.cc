// The string functions that do not search: bounded in what they make, and never showing an address.
#include <algorithm>
#include <cstring>
#include <lua.hpp>

#include "engine/lua/library.h"
#include "engine/lua/state.h"

namespace engine::lua {
namespace {

const char kToString = 0;  // registry key: the sandbox's tostring
const char kFormat = 0;    // registry key: stock string.format

int rep(lua_State* L) {
  size_t size, separator_size;
  const char* text = luaL_checklstring(L, 1, &size);
  const lua_Integer count = luaL_checkinteger(L, 2);
  const char* separator = luaL_optlstring(L, 3, "", &separator_size);
  const size_t unit = size + separator_size;
  if (count <= 0 || unit == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (count > kTextMax / static_cast<lua_Integer>(unit)) {
    raise(L, code::kResourceExhausted, "build and write long text piece by piece",
          "string.rep would make more than %d MiB of text", static_cast<int>(kTextMax >> 20));
  }
  const size_t total = unit * static_cast<size_t>(count) - separator_size;
  luaL_Buffer out;
  char* to = luaL_buffinitsize(L, &out, total);
  std::memcpy(to, text, size);
  if (count > 1) std::memcpy(to + size, separator, separator_size);
  for (size_t done = unit; done < total;) {  // doubles what is there
    const size_t more = std::min(done, total - done);
    std::memcpy(to + done, to, more);
    done += more;
  }
  charge(L, total / 64);
  luaL_pushresultsize(&out, total);
  return 1;
}

// Applies `change` to each byte, front to back or back to front.
template <class Change>
int each_byte(lua_State* L, bool backwards, Change change) {
  size_t size;
  const char* text = luaL_checklstring(L, 1, &size);
  luaL_Buffer out;
  char* to = luaL_buffinitsize(L, &out, size);
  for (size_t i = 0; i < size; ++i) to[i] = change(text[backwards ? size - 1 - i : i]);
  charge(L, size / 16);
  luaL_pushresultsize(&out, size);
  return 1;
}

// ASCII only, whatever the locale: a run is the same on every machine.
int upper(lua_State* L) {
  return each_byte(L, false,
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}
int lower(lua_State* L) {
  return each_byte(L, false,
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}
int reverse(lua_State* L) {
  return each_byte(L, true, [](char c) { return c; });
}

// The next conversion's letter at or after `i`, which moves behind it; '\0' at the end.
char next_conversion(std::string_view format, size_t& i) {
  while (i < format.size()) {
    if (format[i++] != '%') continue;
    if (i < format.size() && format[i] == '%') {
      ++i;
      continue;
    }
    while (i < format.size() && std::strchr("-+ #0123456789.", format[i]) && format[i] != '\0') ++i;
    return i < format.size() ? format[i++] : '\0';
  }
  return '\0';
}

bool is_plain(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TTABLE:
    case LUA_TFUNCTION:
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
    case LUA_TTHREAD:
      return false;
    default:
      return true;
  }
}

// Replaces what "%s" would show, from argument `from` on, by what tostring makes of it; tostring
// may wait.
int format_from(lua_State* L, int status, lua_KContext context);

int text_made(lua_State* L, int, lua_KContext context) {
  lua_replace(L, static_cast<int>(context));
  return format_from(L, LUA_OK, context + 1);
}

int format_from(lua_State* L, int, lua_KContext context) {
  size_t size;
  const char* text = luaL_checklstring(L, 1, &size);
  const std::string_view format(text, size);
  int argument = 1;
  for (size_t i = 0; const char conversion = next_conversion(format, i);) {
    ++argument;
    if (conversion == 'p')
      return luaL_argerror(L, 1, "'%p' would show an address, which differs in every run");
    if (conversion != 's' || argument < context || argument > lua_gettop(L) ||
        is_plain(L, argument))
      continue;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kToString);
    lua_pushvalue(L, argument);
    lua_callk(L, 1, 1, argument, text_made);
    return text_made(L, LUA_OK, argument);
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kFormat);
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  charge(L, lua_rawlen(L, -1) / 16);
  return 1;
}

int format(lua_State* L) { return format_from(L, LUA_OK, 0); }

}  // namespace

void install_strings(lua_State* L, int primitives) {
  primitives = lua_absindex(L, primitives);
  lua_getglobal(L, LUA_STRLIBNAME);  // stock
  lua_getfield(L, -1, "format");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kFormat);
  lua_getfield(L, primitives, "tostring");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kToString);
  const luaL_Reg functions[] = {{"rep", rep},         {"upper", upper},   {"lower", lower},
                                {"reverse", reverse}, {"format", format}, {nullptr, nullptr}};
  luaL_setfuncs(L, functions, 0);
  lua_pushnil(L);
  lua_setfield(L, -2, "dump");
  install_search(L, -1, primitives);
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 3);
}

}  // namespace engine::lua
