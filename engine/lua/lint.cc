// Lua's own compiler says whether it is Lua; the parser then shows the judge what the text says.
#include "engine/lua/lint.h"

#include <algorithm>
#include <lua.hpp>
#include <memory>

#include "engine/base/text.h"
#include "engine/lua/judge.h"
#include "engine/lua/parser.h"

namespace engine::lua {
namespace {

constexpr size_t kTextBytesMax = 4 << 20;

// What the compiler says, without the position in front; empty: it is Lua.
std::string syntax_error(std::string_view text, int& line) {
  const std::unique_ptr<lua_State, void (*)(lua_State*)> L(luaL_newstate(), lua_close);
  if (!L || luaL_loadbufferx(L.get(), text.data(), text.size(), "=lint", "t") == LUA_OK) return {};
  size_t size;
  const char* words = lua_tolstring(L.get(), -1, &size);
  std::string message(words ? words : "", words ? size : 0);
  if (!message.starts_with("lint:")) return message;
  line = std::atoi(message.c_str() + 5);
  const size_t space = message.find(' ');
  return space == std::string::npos ? message : message.substr(space + 1);
}

std::string_view line_of(std::string_view text, size_t at) {
  const size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
}

int characters(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Finding finding_at(std::string_view text, Span at, std::string message, std::string hint) {
  const size_t begin = std::min(at.begin, text.size());
  const std::string_view line = line_of(text, begin);
  const size_t offset = begin - static_cast<size_t>(line.data() - text.data());
  const size_t end = std::clamp(at.end, begin, begin - offset + line.size()) - begin + offset;
  Finding made;
  made.line = static_cast<int>(
                  std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), '\n')) +
              1;
  made.column = characters(line.substr(0, offset)) + 1;
  made.end_column = std::max(made.column + 1, characters(line.substr(0, end)) + 1);
  made.message = std::move(message);
  made.hint = std::move(hint);
  return made;
}

// Where the compiler stopped: at our parser's token if it agrees about the line, else at the token
// it names.
Finding syntax_finding(std::string_view text, std::string message, int line, const Token& stopped) {
  if (stopped.line == line)
    return finding_at(text, {stopped.begin, stopped.end, line}, std::move(message), {});
  size_t begin = 0;
  for (int i = 1; i < line && begin != std::string_view::npos; ++i)
    begin = text.find('\n', begin) + 1;
  const std::string_view whole = line_of(text, begin);
  size_t column = std::min(whole.find_first_not_of(" \t"), whole.size()), size = 1;
  if (const size_t near = message.find("near '"); near != std::string::npos) {
    const std::string word = message.substr(near + 6, message.rfind('\'') - near - 6);
    if (const size_t found = whole.find(word); found != std::string_view::npos && !word.empty()) {
      column = found;
      size = word.size();
    }
  }
  return finding_at(text, {begin + column, begin + column + size, line}, std::move(message), {});
}

}  // namespace

std::vector<Finding> lint(std::string_view source_name, std::string_view text,
                          ops::Registry& registry) {
  if (text.size() > kTextBytesMax) {
    return {
        finding_at(text, {0, 0, 1}, std::string(source_name) + " is too long for a Lua file", {})};
  }
  Judge judge(registry);
  Parser parser(text, judge);
  const bool read = parser.run();
  int line = 1;
  if (std::string error = syntax_error(text, line); !error.empty()) {
    return {syntax_finding(text, std::move(error), line, parser.stopped_at())};
  }
  if (!read) return {};
  std::vector<Judge::Fault> faults = judge.verdict();
  std::ranges::stable_sort(faults, {}, [](const Judge::Fault& fault) { return fault.at.begin; });
  std::vector<Finding> findings;
  for (Judge::Fault& fault : faults) {
    findings.push_back(finding_at(text, fault.at, std::move(fault.message), std::move(fault.hint)));
  }
  return findings;
}

std::string render(std::string_view source_name, const Finding& finding, std::string_view text) {
  size_t begin = 0;
  for (int i = 1; i < finding.line && text.find('\n', begin) != std::string_view::npos; ++i) {
    begin = text.find('\n', begin) + 1;
  }
  const std::string_view line = line_of(text, begin);
  const std::string number = std::to_string(finding.line);
  std::string out = std::string(source_name) + ":" + number + ":" + std::to_string(finding.column) +
                    ": " + finding.message + "\n";
  out +=
      "  " + number + " | " + std::string(line) + "\n  " + std::string(number.size(), ' ') + " | ";
  int column = 1;
  for (const char c : line) {  // as wide as what stands above
    if ((c & 0xC0) == 0x80) continue;
    if (column++ >= finding.column) break;
    out += c == '\t' ? '\t' : ' ';
  }
  out.append(static_cast<size_t>(std::max(1, finding.end_column - finding.column)), '^');
  out += '\n';
  if (!finding.hint.empty()) out += "  hint: " + finding.hint + "\n";
  return out;
}

}  // namespace engine::lua
