#include "engine/config/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/keys.h"
#include "engine/config/toml.h"

namespace engine::config {

namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kPlugins = "plugins.";
// Variables with our prefix that are not settings.
constexpr std::array<std::string_view, 2> kOtherVariables = {"ENGINE_ENV", "ENGINE_CONFIG"};

std::string variable(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

std::string user_folder(const Sources& sources, std::string_view xdg, std::string_view below_home) {
  if (std::string folder = variable(sources.variables, xdg); folder.starts_with('/'))
    return folder + "/engine";
  const std::string home = variable(sources.variables, "HOME");
  return home.empty() ? "" : home + "/" + std::string(below_home) + "/engine";
}

std::string default_state_dir(const Sources& sources) {
  const std::string service = variable(sources.variables, "STATE_DIRECTORY");  // set by systemd
  if (!service.empty()) return service.substr(0, service.find(':'));
  const std::string user = user_folder(sources, "XDG_STATE_HOME", ".local/state");
  return sources.root || user.empty() ? "/var/lib/engine" : user;
}

std::vector<std::string> with_users(const Sources& sources, const std::string& below,
                                    const std::vector<std::string>& more) {
  std::vector<std::string> folders;
  const std::string user = user_folder(sources, "XDG_CONFIG_HOME", ".config");
  if (!user.empty()) folders.push_back(user + "/" + below);
  folders.push_back("/etc/engine/" + below);
  folders.insert(folders.end(), more.begin(), more.end());
  return folders;
}

std::string json_of(const std::vector<std::string>& texts) {
  std::string json;
  JsonWriter out(json);
  out.begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
  return json;
}

std::string json_of(std::string_view text) {
  std::string json;
  JsonWriter(json).string(text);
  return json;
}

// Gathers what each source says, later ones over earlier ones.
class Loader {
 public:
  explicit Loader(const Sources& sources)
      : sources_(sources), home_(variable(sources.variables, "HOME")) {}

  Loaded load() {
    set_defaults();
    if (const std::string file = find_file(sources_); !file.empty()) {
      read(file, true);
      const std::string environment = variable(sources_.variables, "ENGINE_ENV");
      if (!environment.empty()) read(overlay_of(file, environment), false);
    }
    for (const auto& [name, value] : sources_.variables) {
      if (name.starts_with("ENGINE_")) read_variable(name, value);
    }
    for (const auto& [name, value] : sources_.flags) {
      std::string flag = "--" + name;
      std::ranges::replace(flag, '_', '-');
      if (const Key* key = find_key(name))
        set(*key, written_in_variable(*key, value), "", flag, {flag, 0, 0, "", "", ""});
    }
    finish();
    return std::move(loaded_);
  }

 private:
  struct Held {
    std::string json, origin;
  };

  void set_defaults() {
    Config& config = loaded_.config;
    for (const Key& key : keys()) {
      if (key.fallback.empty()) continue;
      const Written written = written_in_variable(key, key.fallback == "[]" ? "" : key.fallback);
      key.apply(config, *convert(key, written, "", ""));
      settings_[key.name] = {written.json, "default"};
    }
    config.state_dir = default_state_dir(sources_);
    config.runbooks = with_users(sources_, "runbooks", sources_.folders.runbooks);
    config.scripts = sources_.folders.scripts;
    config.plugin_folders = sources_.folders.plugins;
    config.secrets_folders = with_users(sources_, "secrets", {});
    config.secrets_credentials = variable(sources_.variables, "CREDENTIALS_DIRECTORY");
    settings_["state_dir"] = {json_of(config.state_dir), "default"};
    settings_["runbooks"] = {json_of(config.runbooks), "default"};
    settings_["scripts"] = {json_of(config.scripts), "default"};
    settings_["plugin_folders"] = {json_of(config.plugin_folders), "default"};
    settings_["permissions.allow"] = {"null", "default"};
    settings_["secrets.folders"] = {json_of(config.secrets_folders), "default"};
    settings_["secrets.credentials"] = {json_of(config.secrets_credentials), "default"};
  }

  void set(const Key& key, const Written& written, const std::string& base,
           const std::string& origin, Problem problem) {
    Result<Value> value = convert(key, written, base, home_);
    if (!value) {
      problem.message = value.error().message;
      problem.hint = value.error().hint;
      loaded_.problems.push_back(std::move(problem));
      return;
    }
    key.apply(loaded_.config, *value);
    settings_[key.name] = {written.json, origin};
  }

  void read(const std::string& file, bool must_exist) {
    Result<std::string> text = read_file(file, kFileBytesMax);
    if (!text) {
      if (!must_exist && text.error().code == code::kNotFound) return;
      loaded_.problems.push_back({file, 0, 0, text.error().message, text.error().hint, ""});
      return;
    }
    loaded_.files.push_back(file);
    std::vector<std::string_view> lines = split(*text, '\n');
    const auto source = [&](int line) -> std::string {
      if (line < 1 || static_cast<size_t>(line) > lines.size()) return "";
      const std::string_view shown = lines[static_cast<size_t>(line) - 1];
      return looks_secret(shown, shown) ? "" : std::string(shown);
    };
    auto entries = read_toml(*text);
    if (!entries) {
      const SyntaxError& error = entries.error();
      // toml++ quotes what it met, which may be part of a secret.
      const std::string shown = source(error.line);
      loaded_.problems.push_back({file, error.line, error.column,
                                  shown.empty() ? "this line is not TOML" : error.message, "",
                                  shown});
      return;
    }
    std::ranges::sort(*entries, {},
                      [](const Entry& entry) { return std::pair(entry.line, entry.column); });
    const std::string base = std::filesystem::absolute(file).parent_path();
    for (const Entry& entry : *entries) {
      const bool known = find_key(entry.key);  // then it is the value that may be wrong
      const int line = known ? entry.value_line : entry.line;
      const int column = known ? entry.value_column : entry.column;
      read_entry(entry, base, {file, line, column, "", "", source(line)});
    }
  }

  void read_entry(const Entry& entry, const std::string& base, Problem problem) {
    const std::string origin =
        problem.file + ":" + std::to_string(entry.line) + ":" + std::to_string(entry.column);
    if (const Key* key = find_key(entry.key))
      return set(*key, entry.value, base, origin, std::move(problem));
    if (entry.key.starts_with(kPlugins) && entry.key.find('.', kPlugins.size()) != entry.key.npos) {
      plugins_[entry.key] = {entry.value.json, origin};
      return;
    }
    unknown(entry.key, std::move(problem));
  }

  void unknown(const std::string& name, Problem problem) {
    const std::string below = name + ".";
    std::vector<std::string> names = {"plugins"};
    for (const Key& key : keys()) {
      names.emplace_back(key.name);
      if (!key.name.starts_with(below)) continue;
      problem.message = "'" + name + "' must be a table";
    }
    if (name.starts_with("plugins"))
      problem.message = "'" + name + "' must be a table of the plugin's settings";
    if (problem.message.empty()) {
      problem.message = "no setting named '" + shortened(name, 60) + "'";
      if (const auto near = nearest(name, names))
        problem.hint = "did you mean '" + *near + "'?";
      else
        problem.hint = "`engine config show` lists all settings";
    }
    loaded_.problems.push_back(std::move(problem));
  }

  void read_variable(const std::string& name, const std::string& value) {
    const Problem problem = {name, 0, 0, "", "", ""};
    std::vector<std::string> names(kOtherVariables.begin(), kOtherVariables.end());
    for (const Key& key : keys()) {
      names.push_back(variable_of(key.name));
      if (names.back() == name) return set(key, written_in_variable(key, value), "", name, problem);
    }
    if (std::ranges::count(kOtherVariables, name) > 0) return;
    const std::string& secrets = loaded_.config.secrets_env_prefix;
    if (!secrets.empty() && name.starts_with(secrets)) return;
    if (name.starts_with("ENGINE_SECRET_") || read_plugin_variable(name, value)) return;
    Problem warning = problem;
    warning.message = "no setting is named by the variable " + name;
    if (const auto near = nearest(name, names)) warning.hint = "did you mean " + *near + "?";
    loaded_.warnings.push_back(std::move(warning));
  }

  // ENGINE_PLUGINS_PROCESS_MAX_TIMEOUT -> plugins.process.max_timeout; a value that is TOML is read
  // as that, anything else is a string.
  bool read_plugin_variable(const std::string& name, const std::string& value) {
    constexpr std::string_view prefix = "ENGINE_PLUGINS_";
    if (!name.starts_with(prefix)) return false;
    std::string key = name.substr(prefix.size());
    const size_t end = key.find('_');
    if (end == 0 || end == key.npos || end + 1 == key.size()) return false;
    key[end] = '.';
    std::ranges::transform(key, key.begin(), [](unsigned char c) { return std::tolower(c); });
    std::string json = json_of(value);
    if (value.find('\n') == value.npos) {
      auto parsed = read_toml("plugins.x.y = " + value);
      if (parsed && parsed->size() == 1) json = parsed->front().value.json;
    }
    plugins_[std::string(kPlugins) + key] = {json, name};
    return true;
  }

  void finish() {
    Config& config = loaded_.config;
    for (const Key& key : keys()) {
      const Held& held = settings_[key.name];
      config.settings.push_back(
          {std::string(key.name), held.json, held.origin, looks_secret("", held.json)});
    }
    std::map<std::string, std::string, std::less<>> open;
    for (const auto& [key, held] : plugins_) {
      const std::string_view below = std::string_view(key).substr(kPlugins.size());
      const std::string plugin(below.substr(0, below.find('.')));
      const std::string_view name = below.substr(plugin.size() + 1);
      std::string& object = config.plugins[plugin];
      object += object.empty() ? "{" : ",";
      append_json_string(object, name);
      object += ":" + held.json;
      config.settings.push_back({key, held.json, held.origin, looks_secret(name, held.json)});
    }
    for (auto& [plugin, object] : config.plugins) object += "}";
  }

  const Sources& sources_;
  const std::string home_;
  Loaded loaded_;
  std::map<std::string_view, Held> settings_;
  std::map<std::string, Held> plugins_;
};

}  // namespace

Loaded load(const Sources& sources) { return Loader(sources).load(); }

std::string find_file(const Sources& sources) {
  if (!sources.file.empty()) return sources.file;
  if (std::string named = variable(sources.variables, "ENGINE_CONFIG"); !named.empty())
    return named;
  std::error_code ignored;
  const std::string user = user_folder(sources, "XDG_CONFIG_HOME", ".config") + "/engine.toml";
  if (user.starts_with('/') && user != "/engine.toml" && std::filesystem::exists(user, ignored))
    return user;
  const std::string machine = "/etc/engine/engine.toml";
  return std::filesystem::exists(machine, ignored) ? machine : "";
}

std::string overlay_of(std::string_view file, std::string_view environment) {
  const std::string_view extension = ".toml";
  std::string stem(file);
  if (file.ends_with(extension)) stem.resize(stem.size() - extension.size());
  return stem + "." + std::string(environment) + std::string(extension);
}

bool looks_secret(std::string_view name, std::string_view value) {
  std::string lower;
  for (const unsigned char c : name) lower += static_cast<char>(std::tolower(c));
  constexpr std::array<std::string_view, 8> words = {
      "password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "credential"};
  for (const std::string_view word : words) {
    if (lower.find(word) != lower.npos) return true;
  }
  const size_t scheme = value.find("://");
  if (scheme == value.npos) return false;
  const std::string_view host =
      value.substr(scheme + 3, value.find_first_of("/\"", scheme + 3) - scheme - 3);
  return host.find('@') != host.npos && host.find(':') < host.find('@');
}

Folders folders_beside(const std::string& program_folder) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  for (const char* up : {"/..", "/../.."}) {
    const fs::path tree = fs::path(program_folder + up).lexically_normal();
    if (!fs::exists(tree / "engine/plugin/plugin.h", ignored)) continue;
    return {{tree / "runbooks", tree / "examples"},
            {tree / "scripts"},
            {program_folder + "/plugins", tree / "plugins"}};
  }
  const fs::path prefix = fs::path(program_folder).parent_path();
  const fs::path share = prefix / "share/engine";
  return {{share / "runbooks", share / "examples"},
          {share / "scripts"},
          {prefix / "lib/engine/plugins"}};
}

}  // namespace engine::config
