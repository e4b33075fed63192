// Finds plugins, reads what they declare, and starts each when one of its operations is first
// called.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/http/client.h"
#include "engine/loop/loop.h"
#include "engine/lua/plugin.h"
#include "engine/ops/registry.h"
#include "engine/ops/secrets.h"
#include "engine/plugin/declaration.h"
#include "engine/plugin/sources.h"

namespace engine::plugin {

struct HostOptions {
  std::vector<std::string> folders;  // each holds a folder a plugin: NAME/NAME.so
                                     // or NAME/plugin.lua
  // A plugin's settings as JSON ("{}" for none), from the configuration.
  std::function<std::string(std::string_view plugin)> config;
  // What a Lua plugin requires while it declares itself.
  lua::FindModule modules;
};

struct PluginStatus {
  std::string name, version, summary;
  std::string origin;  // "built in" or the file
  std::string state;   // declared, started, broken
  std::string error;
  size_t operations = 0;
  std::vector<std::string> uses;  // what a Lua plugin calls beside reads
};

class Host {
 public:
  // Built-ins are known at once, folders are looked into when an unknown name is asked for; nothing
  // is loaded yet. All arguments outlive the host.
  Host(Loop& loop, ops::Registry& registry, ops::Secrets& secrets, HostOptions options);
  ~Host();  // stops the started ones, the last started first

  // Whether the plugin starts with its settings. NOT_FOUND: there is no such plugin.
  Result<void> check_settings(std::string_view plugin);
  // Loads every declaration; starts nothing.
  std::vector<PluginStatus> list();

  // Of all plugins, by name; loads every declaration.
  std::vector<EventSource> sources();
  // NOT_FOUND with "did you mean".
  Result<EventSource> source(std::string_view name);
  // Follows an event source until the subscription is destroyed, which must be before the host is.
  // What cannot be asked at all (no such source, wrong parameters, a plugin that does not start) is
  // the error; what becomes of it later is told by `events`.
  Result<std::unique_ptr<Subscription>> follow(std::string_view source, FollowOptions options,
                                               FollowEvents events);

 private:
  struct Plugin;
  using Entry = engine_plugin_entry;
  using Action = void (*)(void* self, engine_call call);

  void add(std::string name, std::string origin, std::function<Result<Entry>()> entry);
  void look_into_folders();
  void add_lua(const std::string& name, const std::string& file);
  Result<void> declare(Plugin& plugin, ops::Registry& registry);
  Result<std::vector<ops::Operation>> declare_native(Plugin& plugin);
  Result<std::vector<ops::Operation>> declare_lua(Plugin& plugin);
  Result<void> ensure_started(Plugin& plugin);
  // Opens a call of the plugin and starts it; `emit` only for a subscription.
  TaskPtr open_call(Plugin& plugin, ops::CallInput input, Done done,
                    std::function<void(Event)> emit, Action action, Action cancel);
  static const Declaration& declaration_of(const Plugin& plugin);
  Result<std::pair<Plugin*, const DeclaredSource*>> find_source(std::string_view name);
  ops::Start starter(Plugin& plugin, const engine_operation& declared, Action action,
                     bool cancellable);

  Loop& loop_;
  ops::Registry& registry_;
  ops::Secrets& secrets_;
  HostOptions options_;
  http::Client http_;
  std::map<std::string, std::unique_ptr<Plugin>, std::less<>> plugins_;
  std::vector<Plugin*> started_;
};

// The built-in plugins: names and entries.
struct Builtin {
  const char* name;
  engine_plugin_entry entry;
};
const std::vector<Builtin>& builtins();

}  // namespace engine::plugin
