// The values that JSON has and Lua has not (null, marked empties, references, placeholders), and
// JSON to Lua.
#include "engine/lua/values.h"

#include "engine/base/json.h"
#include "engine/base/json_read.h"
#include "engine/lua/placeholder.h"
#include "engine/lua/state.h"

namespace engine::lua {
namespace {

// Their addresses are registry keys; that of kNull is json.null itself.
char kNull = 0;
const char kMap = 0;
const char kList = 0;
const char kSecret = 0;

using Type = simdjson::dom::element_type;

void push_element(lua_State* L, JsonElement value, Dialect dialect);

// {"$bytes": ...} and its like: an object of that one member. False: it is an ordinary object.
bool push_special(lua_State* L, const simdjson::dom::object& object) {
  if (object.size() != 1) return false;
  const auto member = *object.begin();
  std::string_view text;
  if (!member.key.starts_with('$') || member.value.get(text)) return false;
  if (member.key == "$bytes") {
    State& run = state(L);
    Result<std::string> bytes = base64_decode(text);
    if (!bytes) return false;
    run.scratch = std::move(*bytes);
    lua_pushlstring(L, run.scratch.data(), run.scratch.size());
  } else if (member.key == "$secret") {
    push_secret(L, text);
  } else if (member.key == "$planned") {
    push_planned(L, text);
  } else {
    return false;
  }
  return true;
}

void push_object(lua_State* L, const simdjson::dom::object& object, Dialect dialect) {
  if (dialect == Dialect::wire && push_special(L, object)) return;
  lua_createtable(L, 0, static_cast<int>(object.size()));
  for (const auto& member : object) {
    std::string_view key = member.key;
    if (dialect == Dialect::wire && key.starts_with("$$")) key.remove_prefix(1);
    lua_pushlstring(L, key.data(), key.size());
    push_element(L, member.value, dialect);  // table key value
    lua_rawset(L, -3);
  }
  mark_map(L, -1);
}

void push_array(lua_State* L, const simdjson::dom::array& array, Dialect dialect) {
  lua_createtable(L, static_cast<int>(array.size()), 0);
  lua_Integer index = 0;
  for (const JsonElement item : array) {
    push_element(L, item, dialect);
    lua_rawseti(L, -2, ++index);
  }
}

void push_element(lua_State* L, JsonElement value, Dialect dialect) {
  luaL_checkstack(L, 4, "a value is nested too deep");
  switch (value.type()) {
    case Type::OBJECT:
      return push_object(L, value.get_object().value_unsafe(), dialect);
    case Type::ARRAY:
      return push_array(L, value.get_array().value_unsafe(), dialect);
    case Type::STRING: {
      const std::string_view text = value.get_string().value_unsafe();
      lua_pushlstring(L, text.data(), text.size());
      return;
    }
    case Type::INT64:
      return lua_pushinteger(L, value.get_int64().value_unsafe());
    case Type::UINT64:
      // Beyond Lua's integers: the nearest float.
      return lua_pushnumber(L, static_cast<double>(value.get_uint64().value_unsafe()));
    case Type::DOUBLE:
      return lua_pushnumber(L, value.get_double().value_unsafe());
    case Type::BOOL:
      return lua_pushboolean(L, value.get_bool().value_unsafe());
    case Type::NULL_VALUE:
      return push_null(L);
  }
}

int null_text(lua_State* L) {
  lua_pushliteral(L, "null");
  return 1;
}

int secret_text(lua_State* L) {
  size_t length = 0;
  const char* name = secret_name(L, 1, &length);
  lua_pushfstring(L, "secret(%s)", name ? name : "?");
  return 1;
}

int secret_concat(lua_State* L) {
  return luaL_error(
      L,
      "a secret cannot be joined to text: it is a reference, and only an operation sees its value");
}

int secret_equal(lua_State* L) {
  size_t length = 0;
  const char* left = secret_name(L, 1, &length);
  const std::string_view one(left ? left : "", left ? length : 0);
  const char* right = secret_name(L, 2, &length);
  lua_pushboolean(L, left && right && one == std::string_view(right, length));
  return 1;
}

bool has_meta(lua_State* L, int index, const void* key) {
  if (!lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
  const bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

// A metatable under `key` that scripts cannot take apart; left on the stack.
void make_meta(lua_State* L, const void* key, const char* name) {
  lua_createtable(L, 0, 6);
  lua_pushstring(L, name);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__name");
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

}  // namespace

Result<void> push_json(lua_State* L, std::string_view json, Dialect dialect) {
  State& run = state(L);
  {
    Result<JsonDocument> document = read_json(json);
    if (!document) return fail(std::move(document.error()));
    run.document = std::move(*document);
  }
  push_element(L, run.document->root(), dialect);
  run.document.reset();
  return {};
}

void push_null(lua_State* L) { lua_pushlightuserdata(L, &kNull); }
bool is_null(lua_State* L, int index) { return lua_touserdata(L, index) == &kNull; }

void mark_map(lua_State* L, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMap);
  lua_setmetatable(L, index);
}

void mark_list(lua_State* L, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kList);
  lua_setmetatable(L, index);
}

Mark mark_of(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) return Mark::none;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMap);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kList);
  const Mark mark = lua_rawequal(L, -3, -2)   ? Mark::map
                    : lua_rawequal(L, -3, -1) ? Mark::list
                                              : Mark::none;
  lua_pop(L, 3);
  return mark;
}

void push_secret(lua_State* L, std::string_view name) {
  lua_newuserdatauv(L, 0, 1);
  lua_pushlstring(L, name.data(), name.size());
  lua_setiuservalue(L, -2, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kSecret);
  lua_setmetatable(L, -2);
}

const char* secret_name(lua_State* L, int index, size_t* length) {
  if (lua_type(L, index) != LUA_TUSERDATA || !has_meta(L, index, &kSecret)) return nullptr;
  lua_getiuservalue(L, index, 1);
  const char* name = lua_tolstring(L, -1, length);
  lua_pop(L, 1);  // the userdata keeps it
  return name;
}

void install_values(lua_State* L) {
  make_meta(L, &kMap, "map");
  make_meta(L, &kList, "list");
  make_meta(L, &kSecret, "secret");
  lua_pushcfunction(L, secret_text);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, secret_concat);
  lua_setfield(L, -2, "__concat");
  lua_pushcfunction(L, secret_equal);
  lua_setfield(L, -2, "__eq");
  lua_pop(L, 3);

  push_null(L);
  lua_createtable(L, 0, 3);  // light userdata share one metatable, and null is the only one
  lua_pushliteral(L, "null");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__name");
  lua_setfield(L, -2, "__metatable");
  lua_pushcfunction(L, null_text);
  lua_setfield(L, -2, "__tostring");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  install_placeholders(L);
}

}  // namespace engine::lua
