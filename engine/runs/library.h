// Finds runbooks and Lua modules by name: the folders of runbooks and scripts, first match wins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace engine::runs {

struct Source {
  std::string name;   // "boulder/high-memory"; for a file given by path, its path without .lua
  std::string label;  // for positions: "boulder/high-memory.lua", "std/units.lua", "./fix.lua"
  std::string file;   // the path it was read from
  std::string text;
};

// A runbook returns runbook{...}; other Lua files beside it are modules and settings.
bool is_runbook(const std::string& text);

class Library {
 public:
  // Folders in order of precedence, existing or not.
  Library(std::vector<std::string> runbook_folders, std::vector<std::string> script_folders);

  // A name, or a path (it contains "./", starts with "/", or ends in ".lua"). NOT_FOUND with "did
  // you mean".
  Result<Source> runbook(std::string_view name_or_file) const;
  // Every runbook's name and file, sorted; texts are left out.
  std::vector<Source> list() const;
  // For require(name) out of `from` (a file): a sibling of that file first, then the script
  // folders. "std.units" is std/units.lua. In folders of runbooks, a sibling in the first of them
  // holds: /etc/engine/runbooks/boulder/site.lua before the one beside the runbook.
  Result<Source> module(std::string_view name, std::string_view from) const;

 private:
  std::vector<std::string> module_folders(std::string_view from) const;

  std::vector<std::string> runbook_folders_;
  std::vector<std::string> script_folders_;
};

}  // namespace engine::runs
