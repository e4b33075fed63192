#include "tests/support/tortured_program.h"

#include <algorithm>
#include <limits>

namespace engine::test {

namespace {

using Kind = TorturedProgram::Kind;

constexpr size_t kNowhere = std::numeric_limits<size_t>::max();

// What every program begins with. A change in doubt is told, looked for, and made where it is not
// there: that is the script's own decision, no silent repetition.
constexpr const char* kPrelude = R"lua(
local folder, image, name

local function there(line)
  local read, file = pcall(fs.read, { path = folder .. "/ledger", limit = "16MiB" })
  return read and ("\n" .. file.data):find("\n" .. line .. "\n", 1, true) ~= nil
end

local function wait_for_survivors(message)
  for pid in (message:match("still running: process (.*)") or ""):gmatch("%d+") do
    local lives, found
    repeat
      lives, found = pcall(host.process.get, { pid = tonumber(pid), sample = "0s" })
      if lives and found.state ~= "zombie" then sleep "10ms" end
    until not lives or found.state == "zombie"
  end
end

local function settled(change, done)
  local ok, err = pcall(change)
  if ok then return end
  if err.code ~= "IN_DOUBT" and err.outcome ~= "unknown" then error(err, 0) end
  wait_for_survivors(err.message)
  local is_done = done()
  log.warn("doubt: " .. tostring(err.message), { done = is_done })
  if not is_done then return settled(change, done) end
end

local function bare(line) fs.append{ path = folder .. "/ledger", data = line .. "\n" } end
local function append(line)
  settled(function() bare(line) end, function() return there(line) end)
end
local function shell(line, pause)
  process.exec{ shell = true, check = true, timeout = "5m",
    command = "sleep " .. pause .. "; echo " .. line .. " >> " .. folder .. "/ledger" }
end
local function exec(line)
  settled(function() shell(line, "0.01") end, function() return there(line) end)
end
local function cut(line)
  local ok, err = pcall(timeout, "40ms", shell, line, "0.03")
  if not ok then wait_for_survivors(err.message) end
  if not there(line) then exec(line) end
end
local function write(line) fs.write{ path = folder .. "/file-" .. line, data = line } end
local function count(counter)
  local old = state.get{ name = counter }
  state.compare_and_set{ name = counter, value = old and old.value + 1 or 1,
    version = old and old.version or nil }
end
local function labelled(line)
  return docker.container.list{
  all = true, filters = { label = "torture="..line }
}
end
local function is(id, wanted)
  return function()
    local found, container = pcall(docker.container.get, { container = id })
    return (found and container.state or "removed") == wanted
  end
end
local function container(line, far)
  local idle = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
  local id
  settled(
    function()
      id = docker.container.create{ image = image, labels = { torture = line }, network = "none",
        command = { "sh", "-c", idle } }.id
    end,
    function() return #labelled(line) > 0 end)
  id = id or labelled(line)[1].id
  if far > 0 then
    settled(function() docker.container.start{ container = id } end, is(id, "running"))
  end
  if far > 1 then docker.container.stop{ container = id, grace = "1s" } end
  if far > 2 then
    settled(function() docker.container.remove{ container = id } end, is(id, "removed"))
  end
end
)lua";

const char* word_of(Kind kind) {
  switch (kind) {
    case Kind::append:
      return "append";
    case Kind::bare:
      return "bare";
    case Kind::exec:
      return "exec";
    case Kind::cut:
      return "cut";
    case Kind::write:
      return "write";
    default:
      return "";
  }
}

bool adds_a_line(Kind kind) {
  return kind == Kind::append || kind == Kind::bare || kind == Kind::exec || kind == Kind::cut;
}

}  // namespace

TorturedProgram::TorturedProgram(std::string name, uint32_t seed, Wishes wishes)
    : name_(std::move(name)), random_(seed), wishes_(wishes) {
  cuts_ = below(2) == 0;
  for (int i = 0; i < wishes.parts; ++i) whole_.parts.push_back(grown(wishes.depth, true, true));
}

TorturedProgram::Part TorturedProgram::leaf(bool alone, bool once) {
  static constexpr Kind kKinds[] = {Kind::append, Kind::append, Kind::exec,  Kind::exec, Kind::cut,
                                    Kind::write,  Kind::count,  Kind::sleep, Kind::bare};
  Part part;
  part.id = ++count_;
  part.kind = kKinds[below(std::size(kKinds))];
  if (part.kind == Kind::bare && !(alone && once)) part.kind = Kind::append;
  if (part.kind == Kind::cut && !cuts_) part.kind = Kind::exec;
  if (wishes_.containers && below(3) == 0) part.kind = Kind::container;
  return part;
}

TorturedProgram::Part TorturedProgram::grown(int depth, bool alone, bool once) {
  static constexpr Kind kHolders[] = {Kind::parallel, Kind::parallel, Kind::step,
                                      Kind::timeout,  Kind::retry,    Kind::sequence};
  if (depth == 0 || below(4) == 0) return leaf(alone, once);
  Part part;
  part.id = ++count_;
  part.kind = kHolders[below(std::size(kHolders))];
  if (part.kind == Kind::retry && cuts_) part.kind = Kind::step;
  const bool still_alone = alone && part.kind != Kind::parallel;
  const bool still_once = once && part.kind != Kind::retry;
  for (int i = below(2) + 2; i > 0; --i)
    part.parts.push_back(grown(depth - 1, still_alone, still_once));
  return part;
}

std::string TorturedProgram::lua(const Part& part) const {
  const std::string id = std::to_string(part.id);
  std::string inner;
  for (const Part& below : part.parts) {
    inner += part.kind == Kind::parallel ? "function() " + lua(below) + " end, " : lua(below) + " ";
  }
  switch (part.kind) {
    case Kind::sequence:
      return inner;
    case Kind::step:
      return "step('S" + id + "', function() " + inner + "end)\n";
    case Kind::timeout:
      return "timeout('1h', function() " + inner + "end)\n";
    case Kind::parallel:
      return "parallel{ " + inner + (part.id % 3 == 0 ? "limit = 2 " : "") + "}\n";
    case Kind::retry:
      return "retry({ attempts = 2, first = '5ms' }, function(n) local s = s .. '-' .. n " + inner +
             "if n == 1 then fail('NETWORK_ERROR', 'once more') end end)\n";
    case Kind::sleep:
      return "sleep '" + std::to_string(5 + part.id % 4 * 10) + "ms'\n";
    case Kind::count:
      return "count(name .. '" + id + "')\n";
    case Kind::container:
      return "container(name .. '" + id + "' .. s, " + std::to_string(part.id % 4) + ")\n";
    default:
      return std::string(word_of(part.kind)) + "(name .. '" + id + "' .. s)\n";
  }
}

std::string TorturedProgram::runbook() const {
  return std::string("-- Made by a seed.\n") + kPrelude + R"(
return runbook {
  summary = "Tortured.", timeout = "30m",
  allow = { "fs:change", "process.exec", "state:change", "docker:destroy" },
  params = { { "folder", "string", "Where" }, { "image", "string", "Of containers", "" } },
  run = function(ctx)
    folder, image, name = ctx.params.folder, ctx.params.image, ")" +
         name_ + R"("
    local s = ""
    )" + lua(whole_) +
         R"(
    local counted = {}
    for _, each in ipairs(state.list{ prefix = name }) do
      counted[#counted + 1] = each.name .. "=" .. each.value
    end
    return table.concat(counted, " ")
  end,
}
)";
}

template <class Visit>
void TorturedProgram::each_leaf(const Part& part, const std::string& suffix,
                                const Visit& visit) const {
  if (part.parts.empty()) return visit(part, suffix);
  for (const Part& below : part.parts) {
    if (part.kind == Kind::retry) {
      for (const char* attempt : {"-1", "-2"}) each_leaf(below, suffix + attempt, visit);
    } else {
      each_leaf(below, suffix, visit);
    }
  }
}

std::string TorturedProgram::result() const {
  std::map<std::string, int> counted;
  each_leaf(whole_, "", [&](const Part& leaf, const std::string&) {
    if (leaf.kind == Kind::count) ++counted[name_ + std::to_string(leaf.id)];
  });
  std::string text;
  for (const auto& [name, times] : counted)
    text += (text.empty() ? "" : " ") + name + "=" + std::to_string(times);
  return "\"" + text + "\"";
}

std::map<std::string, std::string> TorturedProgram::files() const {
  std::map<std::string, std::string> files;
  each_leaf(whole_, "", [&](const Part& leaf, const std::string& suffix) {
    const std::string line = name_ + std::to_string(leaf.id) + suffix;
    if (leaf.kind == Kind::write) files["file-" + line] = line;
  });
  return files;
}

std::map<std::string, std::string> TorturedProgram::containers() const {
  static constexpr const char* kStates[] = {"created", "running", "exited", "removed"};
  std::map<std::string, std::string> containers;
  each_leaf(whole_, "", [&](const Part& leaf, const std::string& suffix) {
    if (leaf.kind == Kind::container)
      containers[name_ + std::to_string(leaf.id) + suffix] = kStates[leaf.id % 4];
  });
  return containers;
}

std::string TorturedProgram::fault_of(const std::vector<std::string>& ledger) const {
  Seen seen;
  for (size_t i = 0; i < ledger.size(); ++i) seen[ledger[i]].push_back(i);
  std::string fault;
  span_of(whole_, "", seen, fault);
  for (const auto& [line, places] : seen) fault += "line " + line + " is nobody's\n";
  return fault;
}

TorturedProgram::Span TorturedProgram::line_at(const std::string& line, Seen& seen,
                                               std::string& fault) const {
  const auto found = seen.extract(line);
  if (found.empty()) {
    fault += "line " + line + " is missing\n";
    return {kNowhere, 0};
  }
  if (found.mapped().size() > 1)
    fault += "line " + line + " is there " + std::to_string(found.mapped().size()) + " times\n";
  return {found.mapped().front(), found.mapped().back()};
}

// Where in the ledger a part's lines begin and end; what comes before what is checked on the way.
TorturedProgram::Span TorturedProgram::span_of(const Part& part, const std::string& suffix,
                                               Seen& seen, std::string& fault) const {
  const std::string line = name_ + std::to_string(part.id) + suffix;
  if (adds_a_line(part.kind)) return line_at(line, seen, fault);
  Span whole{kNowhere, 0};
  const std::vector<std::string> attempts =
      part.kind == Kind::retry ? std::vector<std::string>{"-1", "-2"} : std::vector{std::string()};
  for (const std::string& attempt : attempts) {
    for (const Part& below : part.parts) {
      const Span own = span_of(below, suffix + attempt, seen, fault);
      if (own.first == kNowhere) continue;
      if (part.kind != Kind::parallel && whole.first != kNowhere && own.first < whole.last)
        fault += "part " + std::to_string(below.id) + " came before what it follows\n";
      whole = {std::min(whole.first, own.first), std::max(whole.last, own.last)};
    }
  }
  return whole;
}

}  // namespace engine::test
