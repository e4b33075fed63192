// Plugins from their declaration to their first call. One that is broken stays known, with the
// reason.
#include "engine/plugin/host.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>

#include "engine/ops/check.h"
#include "engine/plugin/calls.h"
#include "engine/plugin/known.h"

namespace engine::plugin {

namespace {

// Owns nothing but the token: destroying it tells the plugin that nobody waits.
class CallTask : public Task {
 public:
  CallTask(engine_call token, void* self, void (*cancel)(void*, engine_call))
      : token_(token), self_(self), cancel_(cancel) {}
  ~CallTask() override {
    Calls& calls = Calls::instance();
    if (!calls.find(token_)) return;
    calls.find(token_)->done = nullptr;
    if (cancel_) cancel_(self_, token_);
    calls.abandon(token_);
  }

 private:
  engine_call token_;
  void* self_;
  void (*cancel_)(void*, engine_call);
};

Error unavailable(const std::string& plugin, const Error& reason) {
  Error error(code::kBackendUnavailable,
              "plugin '" + plugin + "' could not be started: " + reason.message, reason.hint);
  error.retryable = true;
  return error;
}

}  // namespace

Host::Host(Loop& loop, ops::Registry& registry, ops::Secrets& secrets, HostOptions options)
    : loop_(loop),
      registry_(registry),
      secrets_(secrets),
      options_(std::move(options)),
      http_(loop) {
  for (const Builtin& builtin : builtins()) {
    add(builtin.name, "built in", [entry = builtin.entry]() -> Result<Entry> { return entry; });
    plugins_[builtin.name]->builtin = true;
  }
  registry_.on_unknown_plugin([this](ops::Registry&) { look_into_folders(); });
}

Host::~Host() {
  loop_.settle();  // plugins' callbacks use what is lent to them, which dies here
  std::reverse(started_.begin(), started_.end());
  for (Plugin* plugin : started_) {
    if (plugin->declaration.functions.stop) plugin->declaration.functions.stop(plugin->self);
  }
}

void Host::add(std::string name, std::string origin, std::function<Result<Entry>()> entry) {
  auto plugin = std::make_unique<Plugin>();
  plugin->name = name;
  plugin->origin = std::move(origin);
  plugin->entry = std::move(entry);
  Plugin* const added = plugin.get();
  plugins_[name] = std::move(plugin);
  registry_.add_lazy(std::move(name),
                     [this, added](ops::Registry& registry) { return declare(*added, registry); });
}

// The object stays mapped for the life of the process: its code may still be on a stack or in a
// table.
void Host::look_into_folders() {
  for (const std::string& folder : options_.folders) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      const std::string script = entry.path() / "plugin.lua";
      const std::string file = entry.path() / (name + ".so");
      const bool native = std::filesystem::exists(file, error);
      const bool lua = std::filesystem::exists(script, error);
      if (!native && !lua) continue;
      if (const auto known = plugins_.find(name); known != plugins_.end()) {
        known->second->hidden.push_back(native ? file : script);
        continue;
      }
      if (native && lua) {
        add(name, entry.path(), [name]() -> Result<Entry> {
          return fail(code::kInvalidArgument,
                      "plugin '" + name + "' is there twice, as " + name + ".so and as plugin.lua");
        });
        continue;
      }
      if (lua) {
        add_lua(name, script);
        continue;
      }
      add(name, file, [name, file]() -> Result<Entry> {
        void* const object = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (!object)
          return fail(code::kInvalidArgument,
                      "plugin '" + name + "' can't be loaded: " + dlerror());
        void* const symbol = dlsym(object, "engine_plugin_declare");
        if (!symbol) {
          return fail(code::kInvalidArgument,
                      "plugin '" + name + "' has no function engine_plugin_declare",
                      file + " must export `const engine_plugin* engine_plugin_declare(void)`");
        }
        return reinterpret_cast<Entry>(symbol);
      });
    }
  }
}

Result<void> Host::declare(Plugin& plugin, ops::Registry& registry) {
  const auto broken = [&](const Error& reason) {
    plugin.error = reason.message;
    return fail(Error(code::kBackendUnavailable, reason.message, reason.hint));
  };
  auto operations = plugin.script ? declare_lua(plugin) : declare_native(plugin);
  if (!operations) return broken(operations.error());
  // All or none: an operation of a broken plugin would look as if it could be called.
  ops::Registry apart;
  for (const ops::Operation& op : *operations) {
    if (Result<void> added = apart.add(op); !added) return broken(added.error());
  }
  for (ops::Operation& op : *operations) {
    if (Result<void> added = registry.add(std::move(op)); !added) return broken(added.error());
  }
  plugin.declared = true;
  return {};
}

Result<std::vector<ops::Operation>> Host::declare_native(Plugin& plugin) {
  Result<Entry> entry = plugin.entry();
  if (!entry) return fail(std::move(entry.error()));
  Result<Declaration> declaration = read_declaration((*entry)(), plugin.name);
  if (!declaration) return fail(std::move(declaration.error()));
  plugin.declaration = std::move(*declaration);
  std::vector<ops::Operation> operations;
  for (const engine_operation& declared : plugin.declaration.operations) {
    Result<ops::Operation> op = read_operation(plugin.name, declared);
    if (!op) return fail(std::move(op.error()));
    if (declared.start) op->start = starter(plugin, declared, declared.start, true);
    if (declared.preview) op->preview = starter(plugin, declared, declared.preview, false);
    if (declared.probe) op->probe = starter(plugin, declared, declared.probe, false);
    operations.push_back(std::move(*op));
  }
  plugin.operations = operations.size();
  return operations;
}

Result<void> Host::check_settings(std::string_view plugin) {
  if (Result<std::vector<std::string>> loaded = registry_.children(plugin); !loaded) {
    return std::unexpected(loaded.error());
  }
  const auto found = plugins_.find(plugin);
  if (found == plugins_.end()) {
    return fail(code::kNotFound, "there is no plugin '" + std::string(plugin) + "'",
                "engine plugins lists them");
  }
  return ensure_started(*found->second);
}

Result<void> Host::ensure_started(Plugin& plugin) {
  if (plugin.started) return {};
  const std::string given = options_.config ? options_.config(plugin.name) : "{}";
  const Result<std::string> config = ops::check_fields(
      "plugins." + plugin.name, "setting", plugin.declaration.config, given, ops::Form::normalised);
  if (!config) return std::unexpected(config.error());
  plugin.lent = host_functions();
  plugin.lent.uv_loop = loop_.uv();
  if (plugin.declaration.functions.start) {
    engine_error error{};
    error.size = sizeof(error);
    if (plugin.declaration.functions.start(&plugin.lent, config->data(), config->size(),
                                           &plugin.self, &error) != 0) {
      const Error reason(error.code ? error.code : code::kInternal,
                         error.message ? error.message : "no reason given",
                         error.hint ? error.hint : "");
      plugin.error = reason.message;
      return std::unexpected(unavailable(plugin.name, reason));
    }
  }
  plugin.started = true;
  plugin.error.clear();
  started_.push_back(&plugin);
  return {};
}

ops::Start Host::starter(Plugin& plugin, const engine_operation& declared, Action action,
                         bool cancellable) {
  const auto cancel = cancellable ? declared.cancel : nullptr;
  return [this, &plugin, action, cancel](ops::CallInput input, Done done) -> TaskPtr {
    return open_call(plugin, std::move(input), std::move(done), {}, action, cancel);
  };
}

const Declaration& Host::declaration_of(const Plugin& plugin) { return plugin.declaration; }

TaskPtr Host::open_call(Plugin& plugin, ops::CallInput input, Done done,
                        std::function<void(Event)> emit, Action action, Action cancel) {
  const Result<void> started = ensure_started(plugin);
  CallRecord& record = Calls::instance().open();
  const engine_call token = record.token;
  record.loop = &loop_;
  record.http = &http_;
  record.secrets = &secrets_;
  record.plugin = plugin.name;
  record.trusted = plugin.builtin;
  record.args = std::move(input.args);
  record.key = std::move(input.key);
  record.timeout = input.timeout;
  record.progress = std::move(input.progress);
  record.emit = std::move(emit);
  record.done = std::move(done);
  record.starting = true;
  auto task = std::make_unique<CallTask>(token, plugin.self, cancel);
  if (started) {
    action(plugin.self, token);
  } else {
    Calls::instance().spend(token, std::unexpected(started.error()));
  }
  if (CallRecord* still_open = Calls::instance().find(token)) still_open->starting = false;
  return task;
}

std::vector<PluginStatus> Host::list() {
  static_cast<void>(registry_.all());
  std::vector<PluginStatus> all;
  for (const auto& [name, plugin] : plugins_) {
    const char* state = plugin->started ? "started" : plugin->declared ? "declared" : "broken";
    std::string error = plugin->error;
    for (const std::string& other : plugin->hidden) {
      if (!error.empty()) error += "; ";
      error += other + " is not used: " + plugin->origin + " comes first";
    }
    all.push_back({name, plugin->declaration.version, plugin->declaration.summary, plugin->origin,
                   state, std::move(error), plugin->operations,
                   plugin->script ? plugin->script->uses : std::vector<std::string>()});
  }
  return all;
}

}  // namespace engine::plugin
