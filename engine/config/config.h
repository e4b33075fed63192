// What an operator may set: one struct, filled from defaults, a TOML file, its overlay for the
// environment, ENGINE_* variables and flags, in that order. Every value remembers where it came
// from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/units.h"

namespace engine::config {

// One value as it holds, for `engine config show`.
struct Setting {
  std::string key;    // "lua.memory"
  std::string value;  // JSON, as it was written (a size is "64MiB", not a number of bytes)
  std::string
      origin;  // "default", "/etc/engine/engine.toml:3:10", "ENGINE_LUA_MEMORY", "--state-dir"
  bool hidden = false;  // looks like a secret: the value is not for display
};

struct Config {
  std::string state_dir;
  std::vector<std::string> runbooks, scripts, plugin_folders;
  int64_t lua_memory = 0;
  Millis lua_cpu{0};
  int64_t operations_max = 0, runs_max = 0;
  std::optional<std::vector<std::string>>
      allow;  // an upper bound on what runbooks may be allowed; none: no bound
  std::vector<std::string> deny;
  std::string secrets_env_prefix;
  std::vector<std::string> secrets_folders;
  std::string secrets_credentials;  // systemd's credentials directory, or empty
  std::string log_level;
  std::map<std::string, std::string, std::less<>>
      plugins;  // by name: a JSON object for the plugin to check

  std::vector<Setting> settings;  // all of them, in the order of the key table, plugins' last
};

// What is wrong with a file or a variable, where. `line` is 0 for a variable. `source` is the line
// of the file, empty where it might hold a secret.
struct Problem {
  std::string file;
  int line = 0, column = 0;
  std::string message, hint, source;
};

// Where the program's own files are, as found beside the program.
struct Folders {
  std::vector<std::string> runbooks, scripts, plugins;
};
Folders folders_beside(const std::string& program_folder);

using Variables = std::map<std::string, std::string, std::less<>>;

struct Sources {
  std::string file;  // --config; empty: $ENGINE_CONFIG, the user's, the machine's, or none
  Variables variables;
  std::map<std::string, std::string, std::less<>>
      flags;  // by key: "state_dir" given as --state-dir
  bool root = false;
  Folders folders;
};

struct Loaded {
  Config config;
  std::vector<std::string> files;  // that were read, base first
  std::vector<Problem> problems;   // any of these: the config must not be used
  std::vector<Problem> warnings;
};
Loaded load(const Sources& sources);

// The file that load() would begin with; empty when there is none. It need not exist when it was
// named.
std::string find_file(const Sources& sources);
// "engine.toml" and "staging" -> "engine.staging.toml".
std::string overlay_of(std::string_view file, std::string_view environment);

// True for names and values that are not to be displayed: password, token, https://user:pass@host
// ...
bool looks_secret(std::string_view name, std::string_view value);

}  // namespace engine::config
