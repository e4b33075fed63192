// Our pattern matcher against stock Lua's, on whatever text and pattern the bytes make: the same
// matches, captures and refusals, as long as stock Lua can be expected to end.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/lua/pattern.h"

namespace {

using engine::lua::Matcher;

constexpr int64_t kStepsCompared = 100'000;

std::string ours(std::string_view text, std::string_view pattern, bool& ended) {
  std::vector<engine::lua::PatternFrame> frames(Matcher::frames_needed(pattern));
  Matcher matcher(text, pattern, true, frames);
  matcher.search(0);
  Matcher::Outcome outcome;
  do {
    outcome = matcher.run(97);
    ended = matcher.spent() < kStepsCompared;
  } while (outcome == Matcher::Outcome::paused && ended);
  if (outcome == Matcher::Outcome::failed) return "nil";
  if (outcome != Matcher::Outcome::matched) return "error";
  std::string found =
      std::to_string(matcher.match_start() + 1) + " " + std::to_string(matcher.match_end());
  for (const Matcher::Capture& capture : matcher.captures()) {
    if (capture.length == Matcher::kOpen) return "error";
    if (capture.length == Matcher::kPosition) {
      found += " " + std::to_string(capture.start + 1);
    } else {
      found +=
          " '" + std::string(text.substr(capture.start, static_cast<size_t>(capture.length))) + "'";
    }
  }
  return found;
}

std::string stock(lua_State* L, std::string_view text, std::string_view pattern) {
  lua_settop(L, 0);
  lua_getglobal(L, "string");
  lua_getfield(L, -1, "find");
  lua_pushlstring(L, text.data(), text.size());
  lua_pushlstring(L, pattern.data(), pattern.size());
  if (lua_pcall(L, 2, LUA_MULTRET, 0) != LUA_OK) return "error";
  if (lua_isnil(L, 2)) return "nil";
  std::string found;
  for (int i = 2; i <= lua_gettop(L); ++i) {
    const bool number = lua_type(L, i) == LUA_TNUMBER;
    size_t size;
    const char* value = lua_tolstring(L, i, &size);
    if (i > 2) found += " ";
    found += number ? std::string(value, size) : "'" + std::string(value, size) + "'";
  }
  return found;
}

}  // namespace

// The first byte is the pattern's length; the text is what follows it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static lua_State* L = [] {
    lua_State* state = luaL_newstate();
    luaL_openlibs(state);
    return state;
  }();
  if (size < 2 || size > 400) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t length = std::min<size_t>(data[0] % 48, size - 1);
  const std::string pattern(input.substr(1, length));
  const std::string text(input.substr(1 + length));
  // Stock find() takes a pattern without specials as plain text; so do our callers.
  if (pattern.find_first_of("^$*+?.([%-") == std::string::npos) return 0;
  bool ended = false;
  const std::string mine = ours(text, pattern, ended);
  if (!ended) return 0;
  const std::string theirs = stock(L, text, pattern);
  if (mine == theirs) return 0;
  std::fprintf(stderr, "pattern '%s' on '%s': ours %s, stock %s\n", pattern.c_str(), text.c_str(),
               mine.c_str(), theirs.c_str());
  std::abort();
}
