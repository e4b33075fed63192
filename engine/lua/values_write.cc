// Lua to JSON: keys sorted, so that equal values are equal text; what has no JSON form is an error
// that names its path.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/json.h"
#include "engine/lua/state.h"
#include "engine/lua/values.h"

namespace engine::lua {
namespace {

// Lua may leave by longjmp for lack of memory, so all that has a destructor is a member of this,
// which write_json owns outside of the protected call.
struct Writer {
  lua_State* L;
  std::string& out;
  Dialect dialect;
  bool top_map;
  JsonWriter json;
  std::vector<std::string_view> keys;  // of all open maps, the innermost last
  std::vector<const void*> open;       // tables around the current one
  std::vector<std::string> path;       // of a fault, innermost first
  std::string fault;

  bool refuse(std::string words) {
    fault = std::move(words);
    return false;
  }
  bool write(int index);
  bool write_number(int index);
  bool write_string(int index);
  bool write_userdata(int index);
  bool write_table(int index);
  bool write_list(int index, lua_Integer length);
  bool write_map(int index, lua_Integer positions);
  bool write_member(int index, std::string_view key);
  std::string where() const;
};

struct Shape {
  lua_Integer count = 0, integers = 0, strings = 0, largest = 0;
};

// One pass over the keys; lua_next allocates nothing.
Shape shape_of(lua_State* L, int index) {
  Shape shape;
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    ++shape.count;
    if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0) {
      ++shape.integers;
      shape.largest = std::max(shape.largest, lua_tointeger(L, -1));
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      ++shape.strings;
    }
  }
  return shape;
}

bool Writer::write(int index) {
  if (out.size() > kValueBytesMax)
    return refuse("the value is larger than " + human_size(kValueBytesMax));
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      json.null();
      return true;
    case LUA_TBOOLEAN:
      json.boolean(lua_toboolean(L, index));
      return true;
    case LUA_TNUMBER:
      return write_number(index);
    case LUA_TSTRING:
      return write_string(index);
    case LUA_TTABLE:
      return write_table(index);
    case LUA_TLIGHTUSERDATA:
    case LUA_TUSERDATA:
      return write_userdata(index);
    default:
      return refuse(std::string("a ") + luaL_typename(L, index) + " has no JSON form");
  }
}

bool Writer::write_number(int index) {
  if (lua_isinteger(L, index)) {
    json.integer(lua_tointeger(L, index));
    return true;
  }
  const lua_Number number = lua_tonumber(L, index);
  if (!std::isfinite(number)) return refuse("a number that is not finite has no JSON form");
  json.number(number);
  return true;
}

bool Writer::write_string(int index) {
  size_t length = 0;
  const char* data = lua_tolstring(L, index, &length);
  const std::string_view text(data, length);
  if (dialect != Dialect::wire && !is_utf8(text))
    return refuse("a string that is not UTF-8 has no JSON form");
  json.string(text);
  return true;
}

bool Writer::write_userdata(int index) {
  size_t length = 0;
  if (is_null(L, index)) {
    json.null();
    return true;
  }
  if (const char* planned = planned_text(L, index, &length)) {
    json.begin_object().field("$planned", std::string_view(planned, length)).end_object();
    return true;
  }
  const char* secret = secret_name(L, index, &length);
  if (!secret) return refuse("this value has no JSON form");
  if (dialect != Dialect::wire) return refuse("a secret is a reference and has no JSON form");
  json.begin_object().field("$secret", std::string_view(secret, length)).end_object();
  return true;
}

bool Writer::write_table(int index) {
  const void* self = lua_topointer(L, index);
  if (std::find(open.begin(), open.end(), self) != open.end())
    return refuse("the table contains itself");
  if (open.size() >= static_cast<size_t>(kJsonDepthMax)) {
    return refuse("the value is nested deeper than " + std::to_string(kJsonDepthMax));
  }
  luaL_checkstack(L, 6, "a value is nested too deep");
  const bool top = open.empty();
  open.push_back(self);
  const Shape shape = shape_of(L, index);
  const Mark mark = mark_of(L, index);
  bool written = false;
  if (shape.strings == shape.count && (shape.count > 0 || mark == Mark::map || (top && top_map))) {
    written = write_map(index, 0);
  } else if (shape.integers == shape.count && (shape.count == 0 || mark != Mark::map)) {
    // Holes are nulls, as in a list of results of which some are nil; a sparse table is somebody's
    // mistake.
    written = shape.largest <= 2 * shape.count + 8
                  ? write_list(index, shape.largest)
                  : refuse("a list with " + std::to_string(shape.count) + " items reaches up to " +
                           std::to_string(shape.largest));
  } else if (dialect == Dialect::declaration && shape.integers + shape.strings == shape.count &&
             shape.largest <= shape.integers) {
    written = write_map(index, shape.largest);
  } else if (shape.integers > 0 && shape.strings > 0 &&
             shape.integers + shape.strings == shape.count) {
    written = refuse("a table has to be a list or a map, and this one mixes both kinds of keys");
  } else {
    written = refuse("keys of a map have to be strings");
  }
  open.pop_back();
  return written;
}

bool Writer::write_list(int index, lua_Integer length) {
  json.begin_array();
  for (lua_Integer i = 1; i <= length; ++i) {
    lua_rawgeti(L, index, i);
    const bool written = write(lua_gettop(L));
    lua_pop(L, 1);
    if (!written) {
      path.push_back("[" + std::to_string(i) + "]");
      return false;
    }
  }
  json.end_array();
  return true;
}

bool Writer::write_map(int index, lua_Integer positions) {
  const size_t first = keys.size();
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    size_t length = 0;
    const char* data = lua_tolstring(L, -1, &length);
    keys.emplace_back(data, length);
  }
  const size_t last = keys.size();
  std::sort(keys.begin() + static_cast<std::ptrdiff_t>(first), keys.end());
  json.begin_object();
  for (lua_Integer i = 1; i <= positions; ++i) {
    json.key(std::to_string(i));
    lua_rawgeti(L, index, i);
    const bool written = write(lua_gettop(L));
    lua_pop(L, 1);
    if (!written) return false;
  }
  for (size_t i = first; i < last; ++i) {
    if (!write_member(index, keys[i])) return false;
  }
  json.end_object();
  keys.resize(first);
  return true;
}

bool Writer::write_member(int index, std::string_view key) {
  if (!is_utf8(key)) return refuse("a key that is not UTF-8 has no JSON form");
  if (dialect == Dialect::wire && key.starts_with('$')) {
    json.key("$" + std::string(key));
  } else {
    json.key(key);
  }
  lua_pushlstring(L, key.data(), key.size());
  lua_rawget(L, index);
  const bool written = write(lua_gettop(L));
  lua_pop(L, 1);
  if (!written) path.push_back("." + std::string(key));
  return written;
}

std::string Writer::where() const {
  std::string text;
  for (auto piece = path.rbegin(); piece != path.rend(); ++piece) text += *piece;
  return text.starts_with('.') ? text.substr(1) : text;
}

int write_protected(lua_State* L) {
  Writer& writer = *static_cast<Writer*>(lua_touserdata(L, 2));
  lua_pushboolean(L, writer.write(1));
  return 1;
}

}  // namespace

Result<void> write_json(lua_State* L, int index, std::string& out, Dialect dialect, bool top_map) {
  index = lua_absindex(L, index);
  const size_t before = out.size();
  Writer writer{L, out, dialect, top_map, JsonWriter(out), {}, {}, {}, {}};
  if (!lua_checkstack(L, 8)) return fail(code::kResourceExhausted, "Lua's stack is exhausted");
  lua_pushcfunction(L, write_protected);
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, &writer);
  const bool ran = lua_pcall(L, 2, 1, 0) == LUA_OK;
  const bool written = ran && lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (written) return {};
  out.resize(before);
  if (!ran) return fail(code::kResourceExhausted, "there is no memory left to write the value");
  const std::string where = writer.where();
  return fail(code::kInvalidArgument, where.empty() ? writer.fault : where + ": " + writer.fault,
              "what leaves a run are strings, numbers, booleans, json.null, lists and maps");
}

}  // namespace engine::lua
