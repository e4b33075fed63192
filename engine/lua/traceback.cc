// Where things are: the running line, tracebacks of the runbook's and modules' lines alone,
// excerpts with a caret.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/text.h"
#include "engine/lua/coroutine.h"
#include "engine/lua/errors.h"
#include "engine/lua/state.h"
#include "engine/ops/operation.h"

namespace engine::lua {
namespace {

constexpr int kFramesMax = 40;
constexpr size_t kExcerptMax = 160;  // characters of a source line

bool ours(const lua_Debug& frame) { return std::strcmp(frame.source, kOurChunk) == 0; }

std::string_view source_name(const lua_Debug& frame) {
  const std::string_view source(frame.source, frame.srclen);
  return source.starts_with('@') || source.starts_with('=') ? source.substr(1) : source;
}

// The prelude's step() is known by the name of its first parameter; its value is the step's name.
bool append_step_name(lua_State* L, const lua_Debug& frame, std::string& out) {
  const char* parameter = lua_getlocal(L, &frame, 1);
  if (!parameter) return false;
  const bool step = std::strcmp(parameter, "step_name") == 0 && lua_type(L, -1) == LUA_TSTRING;
  if (step) out.append("step '").append(lua_tostring(L, -1)).append("'");
  lua_pop(L, 1);
  return step;
}

void append_label(const lua_Debug& frame, std::string& out) {
  if (std::strcmp(frame.what, "main") == 0) {
    out += "main chunk";
  } else if (frame.name && *frame.namewhat) {
    out.append("function '").append(frame.name).append("'");
  } else {
    out.append("function at line ").append(std::to_string(frame.linedefined));
  }
}

// What Lua's or our message names: 'x' or near 'x', the last of them where the compiler speaks.
std::string_view named_in(std::string_view message) {
  const size_t end = message.rfind('\'');
  if (end == std::string_view::npos || end == 0) return {};
  const size_t begin = message.rfind('\'', end - 1);
  if (begin == std::string_view::npos) return {};
  return message.substr(begin + 1, end - begin - 1);
}

}  // namespace

Position where(lua_State* L) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame); ++level) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline > 0 && !ours(frame))
      return {std::string(source_name(frame)), frame.currentline};
  }
  return {};
}

void append_traceback(lua_State* L, std::string& out) {
  if (!lua_checkstack(L, 4)) return;
  lua_Debug frame;
  size_t label = std::string::npos;  // where the last line's label begins
  int frames = 0;
  for (int level = 0; lua_getstack(L, level, &frame) && frames < kFramesMax; ++level) {
    lua_getinfo(L, "nSl", &frame);
    if (frame.currentline <= 0) continue;
    if (ours(frame)) {
      std::string name;
      if (label != std::string::npos && append_step_name(L, frame, name)) {
        out.resize(label);
        out.append(name).append("\n");
      }
      continue;
    }
    out.append(source_name(frame))
        .append(":")
        .append(std::to_string(frame.currentline))
        .append(": in ");
    label = out.size();
    append_label(frame, out);
    out += '\n';
    ++frames;
  }
  const Coroutine* self = owner(L);
  if (label == std::string::npos || !self || state(L).loading || frames == kFramesMax) return;
  if (std::string_view(out).substr(label).starts_with("step ")) return;
  out.resize(label);
  if (self->within) {
    out.append("operation '").append(self->within->name).append("'\n");
  } else {
    out.append(self->path().empty() ? "main" : "task " + self->path()).append("\n");
  }
}

std::vector<Frame> parse_traceback(std::string_view text) {
  std::vector<Frame> frames;
  for (const std::string_view line : split(text, '\n')) {
    const size_t in = line.find(": in ");
    if (in == std::string_view::npos) continue;
    const size_t colon = line.rfind(':', in - 1);
    if (colon == std::string_view::npos) continue;
    Frame frame{{std::string(line.substr(0, colon)), 0}, std::string(line.substr(in + 5))};
    std::from_chars(line.data() + colon + 1, line.data() + in, frame.at.line);
    frames.push_back(std::move(frame));
  }
  return frames;
}

SplitMessage split_message(std::string_view text) {
  SplitMessage parts{{}, std::string(text)};
  for (size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    int line = 0;
    const char* end = text.data() + text.size();
    const auto number = std::from_chars(text.data() + colon + 1, end, line);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != ':') continue;
    std::string_view rest(number.ptr + 1, static_cast<size_t>(end - number.ptr - 1));
    parts.at = {std::string(text.substr(0, colon)), line};
    parts.message = trim(rest);
    break;
  }
  return parts;
}

int column_of(std::string_view line, std::string_view message) {
  const std::string_view name = named_in(message);
  const size_t found = name.empty() ? std::string_view::npos : line.rfind(name);
  if (found != std::string_view::npos) return static_cast<int>(found) + 1;
  const size_t first = line.find_first_not_of(" \t");
  return first == std::string_view::npos ? 1 : static_cast<int>(first) + 1;
}

std::string excerpt(std::string_view text, int line, std::string_view message) {
  const std::vector<std::string_view> lines = split(text, '\n');
  if (line < 1 || static_cast<size_t>(line) > lines.size()) return {};
  std::string_view source = lines[static_cast<size_t>(line) - 1];
  while (!source.empty() && source.back() == '\r') source.remove_suffix(1);
  const auto column = static_cast<size_t>(column_of(source, message));
  const std::string number = std::to_string(line);
  std::string out = "  " + number + " | " + shortened(source, kExcerptMax) + "\n  ";
  out.append(number.size(), ' ').append(" | ");
  for (size_t i = 0; i + 1 < std::min(column, kExcerptMax); ++i)
    out += source[i] == '\t' ? '\t' : ' ';
  return out + "^";
}

}  // namespace engine::lua
