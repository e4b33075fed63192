// string.find, match, gmatch and what string.gsub is made of. A search that takes long goes on in a
// Lua loop (library.lua), between whose turns other tasks run.
#include <cstring>
#include <lua.hpp>
#include <new>

#include "engine/lua/library.h"
#include "engine/lua/pattern.h"
#include "engine/lua/state.h"

namespace engine::lua {
namespace {

constexpr int64_t kSlice = 20'000;        // steps before other tasks may run
constexpr size_t kPieceMax = 256 * 1024;  // text that one turn of gsub may make
constexpr const char* kSearchType = "engine.search";
const char kDriver = 0;  // registry key: the loop that goes on with a search

// A search kept in Lua's memory; its frames follow it, its text and pattern are its user values.
struct Search {
  Matcher matcher;
  Matcher::Outcome outcome = Matcher::Outcome::paused;
  const char* function;    // for errors
  size_t copied = 0;       // gsub: text before it is in the result
  bool find_next = false;  // go on behind the last match
};

std::string_view text_at(lua_State* L, int index) {
  size_t size;
  const char* text = luaL_checklstring(L, index, &size);
  return {text, size};
}

void push_text(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

// A start position as Lua counts (from 1, negative from the end), as an offset; beyond the end:
// npos.
size_t start_at(lua_State* L, int index, size_t size) {
  const lua_Integer given = luaL_optinteger(L, index, 1);
  if (given > 0) return static_cast<size_t>(given) - 1 > size ? std::string_view::npos : given - 1;
  if (given == 0 || given < -static_cast<lua_Integer>(size)) return 0;
  return size + given;
}

Search* new_search(lua_State* L, int text, int pattern, bool anchors, const char* function) {
  const std::string_view words = text_at(L, pattern);
  const size_t frames = Matcher::frames_needed(words);
  const size_t offset = (sizeof(Search) + alignof(PatternFrame) - 1) & ~(alignof(PatternFrame) - 1);
  auto* memory =
      static_cast<char*>(lua_newuserdatauv(L, offset + frames * sizeof(PatternFrame), 2));
  std::span<PatternFrame> places(reinterpret_cast<PatternFrame*>(memory + offset), frames);
  auto* search =
      new (memory) Search{Matcher(text_at(L, text), words, anchors, places), {}, function};
  search->outcome = Matcher::Outcome::paused;
  luaL_setmetatable(L, kSearchType);
  lua_pushvalue(L, text);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, pattern);
  lua_setiuservalue(L, -2, 2);
  return search;
}

Search& search_at(lua_State* L, int index) {
  return *static_cast<Search*>(luaL_checkudata(L, index, kSearchType));
}

void advance(lua_State* L, Search& search) {
  if (search.find_next) search.matcher.search_on();
  search.find_next = false;
  const int64_t before = search.matcher.spent();
  search.outcome = search.matcher.run(kSlice);
  charge(L, static_cast<size_t>(search.matcher.spent() - before));
}

// Raises what a search that failed with an error says; otherwise does nothing.
void check_outcome(lua_State* L, const Matcher& matcher, Matcher::Outcome outcome,
                   const char* function) {
  if (outcome == Matcher::Outcome::malformed) luaL_error(L, "%s", matcher.problem());
  if (outcome != Matcher::Outcome::exhausted) return;
  raise(
      L, code::kResourceExhausted,
      "make the pattern more specific ([^x]* in place of .-), or split the text first",
      "string.%s gave up after %I steps: the pattern tries too many ways to match %I bytes of text",
      function, static_cast<LUAI_UACINT>(matcher.spent()),
      static_cast<LUAI_UACINT>(matcher.text().size()));
}

void push_capture(lua_State* L, const Matcher& matcher, size_t index) {
  const auto captures = matcher.captures();
  const std::string_view text = matcher.text();
  if (index >= captures.size()) {
    if (index > 0) luaL_error(L, "invalid capture index %%%d", static_cast<int>(index + 1));
    push_text(L, text.substr(matcher.match_start(), matcher.match_end() - matcher.match_start()));
    return;
  }
  const Matcher::Capture& capture = captures[index];
  if (capture.length == Matcher::kOpen) luaL_error(L, "unfinished capture");
  if (capture.length == Matcher::kPosition) {
    lua_pushinteger(L, static_cast<lua_Integer>(capture.start) + 1);
  } else {
    push_text(L, text.substr(capture.start, static_cast<size_t>(capture.length)));
  }
}

// All captures; where there are none, the whole match, if wanted.
int push_captures(lua_State* L, const Matcher& matcher, bool whole) {
  const size_t count = matcher.captures().empty() && whole ? 1 : matcher.captures().size();
  luaL_checkstack(L, static_cast<int>(count) + 2, "too many captures");
  for (size_t i = 0; i < count; ++i) push_capture(L, matcher, i);
  return static_cast<int>(count);
}

int push_outcome(lua_State* L, const Matcher& matcher, Matcher::Outcome outcome,
                 const char* function) {
  check_outcome(L, matcher, outcome, function);
  if (outcome == Matcher::Outcome::failed) {
    luaL_pushfail(L);
    return 1;
  }
  const bool find = std::strcmp(function, "find") == 0;
  if (!find) return push_captures(L, matcher, true);
  lua_pushinteger(L, static_cast<lua_Integer>(matcher.match_start()) + 1);
  lua_pushinteger(L, static_cast<lua_Integer>(matcher.match_end()));
  return 2 + push_captures(L, matcher, false);
}

int driven(lua_State* L, int, lua_KContext) {
  Search& search = search_at(L, -1);
  const int count = push_outcome(L, search.matcher, search.outcome, search.function);
  search.find_next = true;
  return count;
}

// The search on top of the stack goes on in the Lua loop until it has an outcome.
int drive(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kDriver);
  lua_pushvalue(L, -2);
  lua_callk(L, 1, 0, 0, driven);
  return driven(L, LUA_OK, 0);
}

bool has_specials(std::string_view pattern) {
  return pattern.find_first_of("^$*+?.([%-") != std::string_view::npos;
}

int find_plain(lua_State* L, std::string_view text, std::string_view words, size_t from) {
  const void* found = memmem(text.data() + from, text.size() - from, words.data(), words.size());
  const size_t at = found ? static_cast<const char*>(found) - text.data() : text.size();
  charge(L, (at - from) / 16);
  if (!found) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(at) + 1);
  lua_pushinteger(L, static_cast<lua_Integer>(at) + static_cast<lua_Integer>(words.size()));
  return 2;
}

int search_once(lua_State* L, const char* function, bool plain) {
  const std::string_view text = text_at(L, 1), pattern = text_at(L, 2);
  const size_t from = start_at(L, 3, text.size());
  if (from == std::string_view::npos) {
    luaL_pushfail(L);
    return 1;
  }
  if (plain) return find_plain(L, text, pattern, from);
  PatternFrame frames[kFramesMax];
  Matcher matcher(text, pattern, true, frames);
  matcher.search(from);
  const Matcher::Outcome outcome = matcher.run(kSlice);
  charge(L, static_cast<size_t>(matcher.spent()));
  if (outcome != Matcher::Outcome::paused) return push_outcome(L, matcher, outcome, function);
  Search* search = new_search(L, 1, 2, true, function);
  const auto offset = (sizeof(Search) + alignof(PatternFrame) - 1) & ~(alignof(PatternFrame) - 1);
  matcher.move_to(reinterpret_cast<PatternFrame*>(reinterpret_cast<char*>(search) + offset));
  search->matcher = matcher;
  return drive(L);
}

int find(lua_State* L) {
  const std::string_view pattern = text_at(L, 2);
  return search_once(L, "find", lua_toboolean(L, 4) || !has_specials(pattern));
}

int match(lua_State* L) { return search_once(L, "match", false); }

int gmatch_next(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  Search& search = search_at(L, -1);
  advance(L, search);
  return search.outcome == Matcher::Outcome::paused ? drive(L) : driven(L, LUA_OK, 0);
}

int gmatch(lua_State* L) {
  const std::string_view text = text_at(L, 1);
  luaL_checkstring(L, 2);
  const size_t from = start_at(L, 3, text.size());
  lua_settop(L, 2);
  Search* search = new_search(L, 1, 2, false, "gmatch");
  // A start beyond the text finds nothing, not even the empty match at its end.
  search->matcher.search(from == std::string_view::npos ? text.size() + 1 : from);
  lua_pushcclosure(L, gmatch_next, 1);
  return 1;
}

// advance(search) -> true: matched, false: no more, nil: not yet known.
int advance_search(lua_State* L) {
  Search& search = search_at(L, 1);
  advance(L, search);
  check_outcome(L, search.matcher, search.outcome, search.function);
  if (search.outcome == Matcher::Outcome::paused) return 0;
  lua_pushboolean(L, search.outcome == Matcher::Outcome::matched);
  search.find_next = search.outcome == Matcher::Outcome::matched;
  return 1;
}

// settled(search) -> whether the search has an outcome; what the driver's loop asks.
int settled(lua_State* L) {
  Search& search = search_at(L, 1);
  advance(L, search);
  lua_pushboolean(L, search.outcome != Matcher::Outcome::paused);
  return 1;
}

int set_driver(lua_State* L) {
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kDriver);
  return 0;
}

// substitution(text, pattern) -> search
int substitution(lua_State* L) {
  new_search(L, 1, 2, true, "gsub")->matcher.search(0);
  return 1;
}

int captures(lua_State* L) { return push_captures(L, search_at(L, 1).matcher, true); }

// The text between the last match and this one, and the match itself.
int passed(lua_State* L) {
  Search& search = search_at(L, 1);
  const Matcher& matcher = search.matcher;
  push_text(L, matcher.text().substr(search.copied, matcher.match_start() - search.copied));
  push_text(
      L, matcher.text().substr(matcher.match_start(), matcher.match_end() - matcher.match_start()));
  search.copied = matcher.match_end();
  return 2;
}

int rest(lua_State* L) {
  Search& search = search_at(L, 1);
  push_text(L, search.matcher.text().substr(search.copied));
  return 1;
}

// Adds the replacement for the match; its %0 to %9 are captures.
void add_replacement(lua_State* L, luaL_Buffer* out, const Matcher& matcher,
                     std::string_view words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] != '%') {
      luaL_addchar(out, words[i]);
      continue;
    }
    const char c = ++i < words.size() ? words[i] : '\0';
    if (c == '%') {
      luaL_addchar(out, c);
    } else if (c == '0') {
      const std::string_view text = matcher.text();
      luaL_addlstring(out, text.data() + matcher.match_start(),
                      matcher.match_end() - matcher.match_start());
    } else if (c >= '1' && c <= '9') {
      push_capture(L, matcher, static_cast<size_t>(c - '1'));
      luaL_tolstring(L, -1, nullptr);  // position captures are numbers
      lua_remove(L, -2);
      luaL_addvalue(out);
    } else {
      luaL_error(L, "invalid use of '%%' in replacement string");
    }
  }
}

// replace_some(search, replacement, max) -> text, number of replacements, whether that was all
int replace_some(lua_State* L) {
  Search& search = search_at(L, 1);
  const std::string_view words = text_at(L, 2);
  const lua_Integer max = luaL_checkinteger(L, 3);
  const std::string_view text = search.matcher.text();
  const int64_t spent = search.matcher.spent();
  lua_Integer count = 0;
  size_t made = 0;
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  bool all = max <= 0;
  while (!all && made < kPieceMax && search.matcher.spent() - spent < kSlice) {
    if (search.find_next) search.matcher.search_on();
    search.outcome = search.matcher.run(kSlice);
    search.find_next = search.outcome == Matcher::Outcome::matched;
    check_outcome(L, search.matcher, search.outcome, search.function);
    all = search.outcome == Matcher::Outcome::failed;
    if (!search.find_next) continue;
    const size_t between = search.matcher.match_start() - search.copied;
    luaL_addlstring(&out, text.data() + search.copied, between);
    add_replacement(L, &out, search.matcher, words);
    search.copied = search.matcher.match_end();
    made += between + words.size();
    all = ++count >= max;
  }
  if (all) luaL_addlstring(&out, text.data() + search.copied, text.size() - search.copied);
  charge(L, static_cast<size_t>(search.matcher.spent() - spent));
  luaL_pushresult(&out);
  lua_pushinteger(L, count);
  lua_pushboolean(L, all);
  return 3;
}

}  // namespace

void install_search(lua_State* L, int strings, int primitives) {
  strings = lua_absindex(L, strings);
  primitives = lua_absindex(L, primitives);
  luaL_newmetatable(L, kSearchType);
  lua_pop(L, 1);
  const luaL_Reg functions[] = {
      {"find", find}, {"match", match}, {"gmatch", gmatch}, {nullptr, nullptr}};
  lua_pushvalue(L, strings);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
  const luaL_Reg parts[] = {{"set_driver", set_driver},
                            {"settled", settled},
                            {"advance", advance_search},
                            {"substitution", substitution},
                            {"captures", captures},
                            {"passed", passed},
                            {"rest", rest},
                            {"replace_some", replace_some},
                            {nullptr, nullptr}};
  lua_pushvalue(L, primitives);
  luaL_setfuncs(L, parts, 0);
  lua_pop(L, 1);
}

}  // namespace engine::lua
