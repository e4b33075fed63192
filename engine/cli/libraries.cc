#include "engine/cli/libraries.h"

#include <string_view>

// Each library's header belongs to one folder alone; their version functions are declared here
// instead.
extern "C" {
const char* uv_version_string(void);
const char* sqlite3_libversion(void);
extern const char lua_ident[];
}

namespace engine::cli {

std::vector<Library> libraries() {
  std::string_view lua = lua_ident;  // "$LuaVersion: Lua 5.4.4  Copyright ..."
  lua.remove_prefix(lua.find("Lua 5") + 4);
  return {{"lua", std::string(lua.substr(0, lua.find(' ')))},
          {"libuv", uv_version_string()},
          {"sqlite", sqlite3_libversion()},
          {"compiler", __VERSION__}};
}

}  // namespace engine::cli
