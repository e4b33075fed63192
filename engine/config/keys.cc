#include "engine/config/keys.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/units.h"

namespace engine::config {

namespace {

constexpr int64_t kMemoryMin = 1 << 20;
constexpr int64_t kCountMax = 1'000'000;

std::string text(const Value& value) { return std::get<std::string>(value); }
int64_t integer(const Value& value) { return std::get<int64_t>(value); }
std::vector<std::string> list(const Value& value) {
  return std::get<std::vector<std::string>>(value);
}

constexpr std::array kKeys = {
    Key{"state_dir", Kind::path, "",
        "Folder of the store. Default: /var/lib/engine for root, $STATE_DIRECTORY in a service, "
        "else "
        "$XDG_STATE_HOME/engine.",
        [](Config& c, const Value& v) { c.state_dir = text(v); }},
    Key{"runbooks", Kind::paths, "",
        "Folders of runbooks, first match wins. Default: engine/runbooks in the user's "
        "configuration folder, "
        "/etc/engine/runbooks, and those that came with the program.",
        [](Config& c, const Value& v) { c.runbooks = list(v); }},
    Key{"scripts", Kind::paths, "",
        "Folders of Lua modules for require. Default: those that came with the program.",
        [](Config& c, const Value& v) { c.scripts = list(v); }},
    Key{"plugin_folders", Kind::paths, "",
        "Folders of plugins, one folder below for each. Default: those that came with the program.",
        [](Config& c, const Value& v) { c.plugin_folders = list(v); }},
    Key{"lua.memory", Kind::size, "64MiB", "Greatest memory of one run's Lua; at least 1MiB.",
        [](Config& c, const Value& v) { c.lua_memory = integer(v); }},
    Key{"lua.cpu", Kind::duration, "60s", "Running time of one run's Lua, its waits not counted.",
        [](Config& c, const Value& v) { c.lua_cpu = Millis(integer(v)); }},
    Key{"limits.operations", Kind::count, "20",
        "Operations under way at once in one process; what is over that waits, fair between runs.",
        [](Config& c, const Value& v) { c.operations_max = integer(v); }},
    Key{"limits.runs", Kind::count, "1000",
        "Runs alive at once in one process; others are queued, by their runbook's priority and "
        "fair between runbooks.",
        [](Config& c, const Value& v) { c.runs_max = integer(v); }},
    Key{"permissions.allow", Kind::list, "",
        "Upper bound on what runbooks may be allowed (\"fs:change\", \"process.exec\"). Default: "
        "no bound.",
        [](Config& c, const Value& v) { c.allow = list(v); }},
    Key{"permissions.deny", Kind::list, "[]",
        "What no runbook may do, whatever it allows itself (\"docker:destroy\", \"process.exec\").",
        [](Config& c, const Value& v) { c.deny = list(v); }},
    Key{"secrets.env_prefix", Kind::text, "ENGINE_SECRET_",
        "secret(\"db\") is looked up in the environment as this and DB; empty: not in the "
        "environment.",
        [](Config& c, const Value& v) { c.secrets_env_prefix = text(v); }},
    Key{"secrets.folders", Kind::paths, "",
        "Folders in which secret(\"db\") is a file named db. Default: engine/secrets in the user's "
        "configuration "
        "folder, /etc/engine/secrets.",
        [](Config& c, const Value& v) { c.secrets_folders = list(v); }},
    Key{"secrets.credentials", Kind::path, "",
        "Folder of systemd credentials. Default: $CREDENTIALS_DIRECTORY.",
        [](Config& c, const Value& v) { c.secrets_credentials = text(v); }},
    Key{"log.level", Kind::level, "warn",
        "The engine's own log on stderr: debug, info, warn, error or off.",
        [](Config& c, const Value& v) { c.log_level = text(v); }},
};

std::string wanted(const Key& key) {
  switch (key.kind) {
    case Kind::text:
      return "a string";
    case Kind::path:
      return "a path";
    case Kind::paths:
      return "a list of paths";
    case Kind::list:
      return "a list of strings";
    case Kind::size:
      return "a size such as \"64MiB\"";
    case Kind::duration:
      return "a duration such as \"30s\"";
    case Kind::count:
      return "a whole number";
    case Kind::level:
      break;
  }
  return "one of debug, info, warn, error, off";
}

std::unexpected<Error> mismatch(const Key& key, const Written& written) {
  std::string given(name_of(written.shape));
  if (written.shape == Shape::list && !written.all_strings)
    given = "a list with other things in it";
  if (written.shape == Shape::string) given = "'" + shortened(written.text, 60) + "'";
  return fail(code::kInvalidArgument,
              std::string(key.name) + " must be " + wanted(key) + ", not " + given);
}

std::string resolved(const std::string& path, std::string_view base, std::string_view home) {
  if (path.starts_with("~/")) return std::string(home) + path.substr(1);
  if (path.empty() || path[0] == '/' || base.empty()) return path;
  return std::string(base) + "/" + path;
}

// "fs:change" or an operation's full name.
bool is_permission(std::string_view entry) {
  if (const size_t colon = entry.find(':'); colon != entry.npos) {
    const std::string_view effect = entry.substr(colon + 1);
    if (effect != "change" && effect != "destroy" && effect != "read") return false;
    entry = entry.substr(0, colon);
  } else if (entry.find('.') == entry.npos) {
    return false;
  }
  const auto named = [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_' || c == '.';
  };
  return !entry.empty() && std::ranges::all_of(entry, named);
}

Result<Value> convert_list(const Key& key, const Written& written) {
  if (written.shape != Shape::list || !written.all_strings) return mismatch(key, written);
  if (key.name == "permissions.allow" && written.texts.empty()) {
    return fail(
        code::kInvalidArgument, "permissions.allow must not be empty",
        "leave it out for no bound; to allow nothing, name a plugin's reads: \"host:read\"");
  }
  for (const std::string& entry : written.texts) {
    if (is_permission(entry)) continue;
    return fail(
        code::kInvalidArgument,
        std::string(key.name) + ": '" + shortened(entry, 60) + "' is no permission",
        "write plugin:change, plugin:destroy or an operation's full name, such as process.exec");
  }
  return Value(written.texts);
}

Result<Value> convert_size(const Key& key, const Written& written) {
  if (written.shape != Shape::string && written.shape != Shape::integer)
    return mismatch(key, written);
  Result<int64_t> bytes = parse_size(written.shape == Shape::string ? written.text : written.json);
  if (!bytes) return mismatch(key, written);
  if (*bytes < kMemoryMin)
    return fail(code::kInvalidArgument, std::string(key.name) + " must be at least 1MiB");
  return Value(*bytes);
}

Result<Value> convert_duration(const Key& key, const Written& written) {
  if (written.shape != Shape::string) return mismatch(key, written);
  Result<Millis> duration = parse_duration(written.text);
  if (!duration) return mismatch(key, written);
  if (duration->count() < 1)
    return fail(code::kInvalidArgument, std::string(key.name) + " must be more than 0s");
  return Value(static_cast<int64_t>(duration->count()));
}

Result<Value> convert_count(const Key& key, const Written& written) {
  if (written.shape != Shape::integer) return mismatch(key, written);
  const std::string& text = written.json;
  int64_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failed != std::errc() || count < 1 || count > kCountMax)
    return fail(code::kInvalidArgument, std::string(key.name) + " must be from 1 to " +
                                            std::to_string(kCountMax) + ", not " + text);
  return Value(count);
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "string";
    case Kind::path:
      return "path";
    case Kind::paths:
      return "list of paths";
    case Kind::list:
      return "list of strings";
    case Kind::size:
      return "size";
    case Kind::duration:
      return "duration";
    case Kind::count:
      return "whole number";
    case Kind::level:
      break;
  }
  return "level";
}

std::span<const Key> keys() { return kKeys; }

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(kKeys, name, &Key::name);
  return found == kKeys.end() ? nullptr : &*found;
}

std::string variable_of(std::string_view key) {
  std::string name = "ENGINE_";
  for (const unsigned char c : key) name += c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

Result<Value> convert(const Key& key, const Written& written, std::string_view base,
                      std::string_view home) {
  switch (key.kind) {
    case Kind::list:
      return convert_list(key, written);
    case Kind::size:
      return convert_size(key, written);
    case Kind::duration:
      return convert_duration(key, written);
    case Kind::count:
      return convert_count(key, written);
    case Kind::paths: {
      if (written.shape != Shape::list || !written.all_strings) return mismatch(key, written);
      std::vector<std::string> paths;
      for (const std::string& path : written.texts) paths.push_back(resolved(path, base, home));
      return Value(paths);
    }
    case Kind::level: {
      constexpr std::array<std::string_view, 5> levels = {"debug", "info", "warn", "error", "off"};
      const bool known =
          written.shape == Shape::string && std::ranges::count(levels, written.text) > 0;
      if (!known) return mismatch(key, written);
      return Value(written.text);
    }
    case Kind::path:
      if (written.shape != Shape::string || written.text.empty()) return mismatch(key, written);
      return Value(resolved(written.text, base, home));
    case Kind::text:
      break;
  }
  if (written.shape != Shape::string) return mismatch(key, written);
  return Value(written.text);
}

Written written_in_variable(const Key& key, std::string_view text) {
  Written written;
  JsonWriter out(written.json);
  if (key.kind == Kind::list || key.kind == Kind::paths) {
    written.shape = Shape::list;
    out.begin_array();
    for (const std::string_view item : split(text, key.kind == Kind::paths ? ':' : ',')) {
      if (trim(item).empty()) continue;
      written.texts.emplace_back(trim(item));
      out.string(written.texts.back());
    }
    out.end_array();
    return written;
  }
  const bool digits =
      !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
  if (key.kind == Kind::count && digits) {
    written.shape = Shape::integer;
    written.json = text;
    return written;
  }
  written.text = text;
  out.string(text);
  return written;
}

}  // namespace engine::config
