// Holds the rules of the source tree: who includes whom, where a C library lives, how large things
// may be.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace fs = std::filesystem;

namespace {

constexpr size_t kFileLinesMax = 400;
constexpr size_t kFunctionLinesMax = 70;
constexpr size_t kColumnsMax = 100;
constexpr size_t kLuaColumnsMax = 120;  // no tool breaks its lines for us

struct Source {
  std::string path;  // from the root of the tree
  std::vector<std::string> lines;
};

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Source> sources(const std::set<std::string>& extensions) {
  static const std::set<std::string> kSkipped = {"build", ".git", ".cache"};
  std::vector<Source> found;
  for (auto at = fs::recursive_directory_iterator(SOURCE_DIR); at != fs::end(at); ++at) {
    if (at->is_directory() && kSkipped.contains(at->path().filename())) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && extensions.contains(at->path().extension())) {
      found.push_back({fs::relative(at->path(), SOURCE_DIR), read_lines(at->path())});
    }
  }
  REQUIRE(!found.empty());
  std::ranges::sort(found, {}, &Source::path);
  return found;
}

std::vector<Source> code() { return sources({".cc", ".h", ".hpp", ".lua"}); }
std::vector<Source> cpp() { return sources({".cc", ".h", ".hpp"}); }

bool below(const std::string& path, const std::string& folder) { return path.starts_with(folder); }

std::string module_of(const std::string& path) {
  static const std::regex kModule("engine/([a-z]+)/.*");
  std::smatch match;
  return std::regex_match(path, match, kModule) ? match[1].str() : "";
}

std::vector<std::string> includes(const Source& source) {
  static const std::regex kInclude("\\s*#\\s*include\\s+[\"<]([^\">]+)[\">].*");
  std::vector<std::string> found;
  for (const std::string& line : source.lines) {
    std::smatch match;
    if (std::regex_match(line, match, kInclude)) found.push_back(match[1]);
  }
  return found;
}

std::string joined(const std::vector<std::string>& complaints) {
  std::string text;
  for (const std::string& complaint : complaints) text += complaint + "\n";
  return text;
}

void check_none(const std::vector<std::string>& complaints) {
  INFO(joined(complaints));
  CHECK(complaints.empty());
}

// True for a line that opens the body of a function: it has a parameter list and starts with no
// word of control.
bool opens_function(const std::string& line) {
  static const std::regex kControl(
      "\\s*(\\}|if|for|while|switch|else|do|catch|namespace|return|struct|class|enum|union)\\b.*|"
      "\\s*\\}.*");
  return line.ends_with("{") && line.find('(') != std::string::npos &&
         !std::regex_match(line, kControl);
}

bool opens_lua_function(const std::string& line) {
  static const std::regex kFunction("\\s*(local )?function [^)]*\\)\\s*");
  return std::regex_match(line, kFunction);
}

size_t indent_of(const std::string& line) { return line.find_first_not_of(' '); }

// Formatted code closes a function at the column where it opened.
size_t function_length(const Source& source, size_t start, std::string_view closer) {
  const size_t indent = indent_of(source.lines[start]);
  for (size_t at = start + 1; at < source.lines.size(); ++at) {
    const std::string& line = source.lines[at];
    if (indent_of(line) <= indent && line.compare(indent_of(line), closer.size(), closer) == 0)
      return at - start + 1;
  }
  return 1;
}

}  // namespace

TEST_CASE("a module includes only itself and what is left of it", "[tree]") {
  const std::map<std::string, int> rank = {
      {"base", 0}, {"loop", 1},   {"http", 2}, {"store", 2},    {"ops", 3},
      {"lua", 4},  {"plugin", 5}, {"runs", 6}, {"triggers", 7}, {"alerts", 7},
      {"web", 8},  {"config", 8}, {"cli", 9}};
  std::vector<std::string> complaints;
  for (const Source& source : cpp()) {
    const std::string module = module_of(source.path);
    if (module.empty()) continue;
    if (!rank.contains(module))
      complaints.push_back(source.path + ": '" + module + "' is no module");
    for (const std::string& included : includes(source)) {
      const std::string other = module_of(included);
      if (other.empty() || other == module) continue;
      if (!rank.contains(other) || rank.at(other) >= rank.at(module)) {
        complaints.push_back(source.path + " includes " + included);
      }
    }
  }
  check_none(complaints);
}

TEST_CASE("a plugin includes nothing of the engine but the plugin contract", "[tree]") {
  std::vector<std::string> complaints;
  for (const Source& source : cpp()) {
    if (!below(source.path, "plugins/")) continue;
    for (const std::string& included : includes(source)) {
      const std::string own = fs::path(source.path).parent_path().string() + "/";
      const bool ours = below(included, "engine/") || below(included, "plugins/");
      if (ours && !below(included, "engine/plugin/") && !below(included, own)) {
        complaints.push_back(source.path + " includes " + included);
      }
    }
  }
  check_none(complaints);
}

TEST_CASE("each C library is known to one folder", "[tree]") {
  const std::map<std::string, std::string> homes = {
      {"uv.h", "engine/loop/"},           {"lua.h", "engine/lua/"},
      {"lauxlib.h", "engine/lua/"},       {"lualib.h", "engine/lua/"},
      {"lua.hpp", "engine/lua/"},         {"sqlite3.h", "engine/store/"},
      {"zstd.h", "engine/store/"},        {"curl/curl.h", "engine/http/"},
      {"archive.h", "plugins/fs/"},       {"archive_entry.h", "plugins/fs/"},
      {"microhttpd.h", "engine/http/"},   {"toml++/toml.h", "engine/config/"},
      {"date/tz.h", "engine/base/"},      {"CLI/CLI.hpp", "engine/cli/"},
      {"spdlog/spdlog.h", "engine/base/"}};
  std::vector<std::string> complaints;
  for (const Source& source : cpp()) {
    if (!below(source.path, "engine/") && !below(source.path, "plugins/")) continue;
    for (const std::string& included : includes(source)) {
      const auto home = homes.find(included);
      if (home != homes.end() && !below(source.path, home->second)) {
        complaints.push_back(source.path + " includes " + included + ", which belongs to " +
                             home->second);
      }
    }
  }
  check_none(complaints);
}

TEST_CASE("files, functions and lines keep their size", "[tree]") {
  std::vector<std::string> complaints;
  for (const Source& source : code()) {
    const bool is_lua = source.path.ends_with(".lua");
    if (source.lines.size() > kFileLinesMax) {
      complaints.push_back(source.path + " has " + std::to_string(source.lines.size()) + " lines");
    }
    for (size_t at = 0; at < source.lines.size(); ++at) {
      const std::string& line = source.lines[at];
      const std::string where = source.path + ":" + std::to_string(at + 1);
      const bool raw = line.find("R\"(") != std::string::npos;  // cannot be broken
      const auto columns = std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; });
      if (!raw && static_cast<size_t>(columns) > (is_lua ? kLuaColumnsMax : kColumnsMax))
        complaints.push_back(where + " is too wide");
      if (is_lua ? !opens_lua_function(line) : !opens_function(line)) continue;
      const size_t length = function_length(source, at, is_lua ? "end" : "}");
      if (length > kFunctionLinesMax) {
        complaints.push_back(where + ": a function of " + std::to_string(length) + " lines");
      }
    }
  }
  check_none(complaints);
}

TEST_CASE("every source file opens by saying what it is for", "[tree]") {
  std::vector<std::string> complaints;
  for (const Source& source : code()) {
    const std::string first = source.lines.empty() ? "" : source.lines.front();
    const bool said =
        first.starts_with("// ") || first.starts_with("/* ") || first.starts_with("--");
    // What a header says, it says for the file of the same name beside it as well.
    const fs::path header = fs::path(SOURCE_DIR) / fs::path(source.path).replace_extension(".h");
    if (!said && !fs::exists(header))
      complaints.push_back(source.path + " does not say what it is for");
  }
  check_none(complaints);
}

TEST_CASE("no file promises work for later", "[tree]") {
  const std::regex promise(
      "\\b(TO"
      "DO|FIX"
      "ME|X"
      "XX)\\b");
  std::vector<std::string> complaints;
  for (const Source& source : code()) {
    for (size_t at = 0; at < source.lines.size(); ++at) {
      if (std::regex_search(source.lines[at], promise)) {
        complaints.push_back(source.path + ":" + std::to_string(at + 1));
      }
    }
  }
  check_none(complaints);
}

TEST_CASE("every runbook has a test that names it", "[tree]") {
  std::string tests;
  const std::vector<Source> all = code();
  for (const Source& source : all) {
    if (below(source.path, "tests/") || source.path.ends_with(".test.lua"))
      tests += joined(source.lines);
  }
  std::vector<std::string> complaints;
  for (const Source& source : all) {
    const bool runbook = below(source.path, "runbooks/") || below(source.path, "examples/");
    if (!runbook || !joined(source.lines).contains("return runbook")) continue;
    const std::string name = fs::path(source.path).stem();
    if (!tests.contains(name)) complaints.push_back(source.path + " has no test");
  }
  check_none(complaints);
}

TEST_CASE("every link between documents leads somewhere", "[tree]") {
  const std::regex link("\\]\\(([^)#\\s]+)[^)]*\\)");
  std::vector<std::string> complaints;
  for (const Source& source : sources({".md"})) {
    const std::string text = joined(source.lines);
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
      const std::string target = (*at)[1];
      if (target.contains("://") || target.starts_with("mailto:")) continue;
      const fs::path folder = fs::path(SOURCE_DIR) / fs::path(source.path).parent_path();
      if (!fs::exists(folder / target)) complaints.push_back(source.path + " links to " + target);
    }
  }
  check_none(complaints);
}
