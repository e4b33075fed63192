// One table of names; the words say what Lua users will look for and not find.
#include "engine/lua/globals.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace engine::lua {
namespace {

struct Global {
  std::string_view name;
  std::string_view members;  // separated by spaces
};

constexpr std::array kGlobals = std::to_array<Global>({
    {"_G", ""},
    {"_VERSION", ""},
    {"assert", ""},
    {"error", ""},
    {"getmetatable", ""},
    {"ipairs", ""},
    {"next", ""},
    {"pairs", ""},
    {"pcall", ""},
    {"print", ""},
    {"rawequal", ""},
    {"rawget", ""},
    {"rawlen", ""},
    {"rawset", ""},
    {"require", ""},
    {"select", ""},
    {"setmetatable", ""},
    {"tonumber", ""},
    {"tostring", ""},
    {"type", ""},
    {"xpcall", ""},
    {"load", ""},
    {"string",
     "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack "
     "upper"},
    {"table", "concat insert move pack remove sort unpack"},
    {"math",
     "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf "
     "pi rad random randomseed sin sqrt tan tointeger type ult"},
    {"utf8", "char charpattern codepoint codes len offset"},
    {"os", "clock date difftime time"},
    {"json", "decode encode list map null"},
    {"log", "debug error info warn"},
    {"runbook", ""},
    {"step", ""},
    {"parallel", ""},
    {"first", ""},
    {"timeout", ""},
    {"retry", ""},
    {"sleep", ""},
    {"signal", ""},
    {"wait_for", ""},
    {"approve", ""},
    {"lock", ""},
    {"run", ""},
    {"continue_as", ""},
    {"fail", ""},
    {"report", ""},
    {"secret", ""},
    {"alert", ""},
    {"cron", ""},
    {"every", ""},
    {"webhook", ""},
    {"event", ""},
});

struct Removed {
  std::string_view path, instead;
};
constexpr std::array kRemoved = std::to_array<Removed>({
    {"io", "files are read and written by the operations fs.read, fs.write, fs.list, ..."},
    {"os.execute", "use process.exec{ argv = { ... } }"},
    {"os.remove", "use fs.remove{ path = ... }"},
    {"os.rename", "use fs.move"},
    {"os.getenv", "declare a parameter or a secret: a run does not see the engine's environment"},
    {"os.exit", "return from run(ctx), or fail(code, message)"},
    {"os.tmpname", "name the file yourself, or use fs.mkdir"},
    {"coroutine", "use parallel{ f, g }, which waits for its tasks and cancels them together"},
    {"debug", "an error's traceback is in the run's record: engine logs RUN"},
    {"package", "modules are found under scripts/ and beside the runbook"},
    {"dofile", "use require"},
    {"loadfile", "use require"},
    {"collectgarbage", "memory is the engine's business; a run has its own limit"},
    {"math.atan2", "use math.atan(y, x)"},
    {"math.log10", "use math.log(x, 10)"},
    {"math.pow", "write x ^ y"},
    {"string.dump", "there is no bytecode in a runbook"},
    {"unpack", "it is table.unpack"},
    {"warn", "use log.warn(message)"},
});

}  // namespace

bool is_global(std::string_view name) {
  return std::ranges::find(kGlobals, name, &Global::name) != kGlobals.end();
}

std::vector<std::string> global_names() {
  std::vector<std::string> names;
  for (const Global& global : kGlobals) names.emplace_back(global.name);
  return names;
}

std::vector<std::string> members_of(std::string_view name) {
  const auto found = std::ranges::find(kGlobals, name, &Global::name);
  if (found == kGlobals.end() || found->members.empty()) return {};
  std::vector<std::string> members;
  for (const std::string_view member : split(found->members, ' ')) members.emplace_back(member);
  return members;
}

std::string removed_from_lua(std::string_view path) {
  const auto found = std::ranges::find(kRemoved, path, &Removed::path);
  return found == kRemoved.end() ? std::string() : std::string(found->instead);
}

}  // namespace engine::lua
