// Looking through the folders of runbooks and scripts.
#include "engine/runs/library.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/base/files.h"
#include "engine/base/text.h"

namespace engine::runs {

namespace {

namespace fs = std::filesystem;

constexpr size_t kSourceBytesMax = 4 << 20;
constexpr std::string_view kEnding = ".lua";

bool is_path(std::string_view name) {
  return name.starts_with("/") || name.starts_with("./") || name.starts_with("../") ||
         name.ends_with(kEnding);
}

std::string without_ending(std::string name) {
  if (name.ends_with(kEnding)) name.resize(name.size() - kEnding.size());
  return name;
}

bool is_module_name(std::string_view name) {
  for (const std::string_view part : split(name, '.')) {
    if (part.empty() || part.find('/') != std::string_view::npos) return false;
  }
  return true;
}

Result<Source> read_source(std::string name, std::string label, std::string file) {
  Result<std::string> text = read_file(file, kSourceBytesMax);
  if (!text) return std::unexpected(text.error());
  return Source{std::move(name), std::move(label), std::move(file), std::move(*text)};
}

}  // namespace

bool is_runbook(const std::string& text) {
  for (size_t at = text.find("runbook"); at != std::string::npos;
       at = text.find("runbook", at + 1)) {
    const std::string_view before = trim(std::string_view(text).substr(0, at));
    const std::string_view after =
        trim(std::string_view(text).substr(at + std::string_view("runbook").size()));
    if (before.ends_with("return") && (after.starts_with("{") || after.starts_with("(")))
      return true;
  }
  return false;
}

Library::Library(std::vector<std::string> runbook_folders, std::vector<std::string> script_folders)
    : runbook_folders_(std::move(runbook_folders)), script_folders_(std::move(script_folders)) {}

Result<Source> Library::runbook(std::string_view name_or_file) const {
  const std::string name(name_or_file);
  if (is_path(name_or_file)) {
    std::error_code error;
    return read_source(without_ending(name), name, fs::absolute(name, error).string());
  }
  for (const std::string& folder : runbook_folders_) {
    // quickstart is quickstart.lua, or quickstart/quickstart.lua where a runbook has a folder of
    // its own.
    for (const std::string& label :
         {name + ".lua", name + "/" + fs::path(name).filename().string() + ".lua"}) {
      std::error_code error;
      if (fs::is_regular_file(folder + "/" + label, error))
        return read_source(name, label, folder + "/" + label);
    }
  }
  std::vector<std::string> names;
  for (const Source& source : list()) names.push_back(source.name);
  const auto near = nearest(name_or_file, names);
  return fail(code::kNotFound, "there is no runbook '" + name + "'",
              near ? "did you mean " + *near + "?"
                   : "engine list shows them; a file is given as ./" + name + ".lua");
}

std::vector<Source> Library::list() const {
  std::vector<Source> found;
  std::set<std::string> seen;
  for (const std::string& folder : runbook_folders_) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      const std::string file = at->path().string();
      if (!at->is_regular_file(error) || !file.ends_with(kEnding) || file.ends_with(".test.lua"))
        continue;
      const std::string label = fs::relative(at->path(), folder, error).string();
      std::string name = without_ending(label);
      const fs::path path(name);
      if (path.has_parent_path() && path.parent_path().filename() == path.filename())
        name = path.parent_path();
      const Result<std::string> text = read_file(file, kSourceBytesMax);
      if (!text || !is_runbook(*text) || !seen.insert(name).second) continue;
      found.push_back({name, label, file, ""});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Source& a, const Source& b) { return a.name < b.name; });
  return found;
}

// A runbook's modules are looked for where it has its place in each folder of runbooks, the first
// folder first: so a site puts its own settings before those that came with the runbook.
std::vector<std::string> Library::module_folders(std::string_view from) const {
  if (from.empty()) return {};
  std::error_code error;
  const fs::path own = fs::path(from).parent_path();
  const fs::path real = fs::weakly_canonical(own.empty() ? "." : own, error);
  std::vector<std::string> found;
  for (const std::string& folder : runbook_folders_) {
    const fs::path place = real.lexically_relative(fs::weakly_canonical(folder, error));
    if (place.empty() || *place.begin() == "..") continue;
    for (const std::string& each : runbook_folders_)
      found.push_back((fs::path(each) / place).lexically_normal().string());
    break;
  }
  if (found.empty()) found.push_back(own.empty() ? "." : own.string());
  return found;
}

Result<Source> Library::module(std::string_view name, std::string_view from) const {
  if (!is_module_name(name)) {
    return fail(code::kInvalidArgument, "'" + std::string(name) + "' is no name for a module",
                "a module is named like std.units, with dots between folders");
  }
  std::string path(name);
  std::replace(path.begin(), path.end(), '.', '/');
  std::vector<std::string> folders = module_folders(from);
  folders.insert(folders.end(), script_folders_.begin(), script_folders_.end());
  std::string looked;
  for (const std::string& folder : folders) {
    const std::string file = folder + "/" + path + ".lua";
    std::error_code error;
    if (fs::is_regular_file(file, error))
      return read_source(std::string(name), path + ".lua", file);
    looked += (looked.empty() ? "" : ", ") + file;
  }
  return fail(code::kNotFound, "there is no module '" + std::string(name) + "'",
              "looked for " + looked);
}

}  // namespace engine::runs
