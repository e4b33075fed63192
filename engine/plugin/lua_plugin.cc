// Plugins written in Lua: their operations are started by the run that calls them.
#include "engine/base/files.h"
#include "engine/lua/plugin.h"
#include "engine/ops/check.h"
#include "engine/plugin/known.h"

namespace engine::plugin {

namespace {

constexpr size_t kSourceBytesMax = 4 << 20;

}  // namespace

void Host::add_lua(const std::string& name, const std::string& file) {
  add(name, file, {});
  auto script = std::make_shared<ops::Script>();
  script->source = "plugins/" + name + "/plugin.lua";
  script->file = file;
  plugins_[name]->script = std::move(script);
}

Result<std::vector<ops::Operation>> Host::declare_lua(Plugin& plugin) {
  ops::Script& script = *plugin.script;
  Result<std::string> text = read_file(script.file, kSourceBytesMax);
  if (!text) return fail(std::move(text.error()));
  script.text = std::move(*text);
  Result<lua::PluginDeclaration> declared = lua::read_plugin(
      {plugin.name, script.source, script.file, script.text}, registry_, options_.modules);
  if (!declared) return fail(std::move(declared.error()));
  plugin.declaration.name = plugin.name;
  plugin.declaration.version = std::move(declared->version);
  plugin.declaration.summary = std::move(declared->summary);
  plugin.declaration.config = std::move(declared->config);
  script.uses = std::move(declared->uses);
  script.settings = [this, &plugin]() -> Result<std::string> {
    const std::string given = options_.config ? options_.config(plugin.name) : "{}";
    return ops::check_fields("plugins." + plugin.name, "setting", plugin.declaration.config, given,
                             ops::Form::normalised);
  };
  for (ops::Operation& operation : declared->operations) operation.script = plugin.script;
  plugin.operations = declared->operations.size();
  return std::move(declared->operations);
}

}  // namespace engine::plugin
