// The event sources of all plugins, and one of them followed.
#include "engine/base/text.h"
#include "engine/ops/check.h"
#include "engine/plugin/calls.h"
#include "engine/plugin/host.h"

namespace engine::plugin {

std::vector<EventSource> Host::sources() {
  static_cast<void>(registry_.all());
  std::vector<EventSource> all;
  for (const auto& [name, plugin] : plugins_) {
    for (const DeclaredSource& source : declaration_of(*plugin).sources)
      all.push_back(source.shown);
  }
  return all;
}

Result<std::pair<Host::Plugin*, const DeclaredSource*>> Host::find_source(std::string_view name) {
  const std::string_view plugin = name.substr(0, name.find('.'));
  if (registry_.is_plugin(plugin)) {
    // A plugin that can't be loaded says why.
    if (auto loaded = registry_.children(plugin); !loaded) return fail(loaded.error());
  }
  const auto found = plugins_.find(plugin);
  if (found != plugins_.end()) {
    for (const DeclaredSource& source : declaration_of(*found->second).sources) {
      if (source.shown.name == name) return std::pair(found->second.get(), &source);
    }
  }
  std::vector<std::string> names;
  for (const EventSource& source : sources()) names.push_back(source.name);
  const auto near = nearest(name, names);
  return fail(code::kNotFound, "no event source is named '" + std::string(name) + "'",
              near ? "did you mean '" + *near + "'?" : "`engine events` lists them");
}

Result<EventSource> Host::source(std::string_view name) {
  const auto found = find_source(name);
  if (!found) return fail(found.error());
  return found->second->shown;
}

Result<std::unique_ptr<Subscription>> Host::follow(std::string_view name, FollowOptions options,
                                                   FollowEvents events) {
  const auto found = find_source(name);
  if (!found) return fail(found.error());
  const auto [plugin, source] = *found;
  Result<std::string> args = ops::check_fields(name, "parameter", source->shown.params,
                                               options.args, ops::Form::normalised);
  if (!args) return fail(args.error());
  options.args = std::move(*args);
  if (Result<void> started = ensure_started(*plugin); !started) return fail(started.error());
  return plugin::follow(
      loop_, std::string(name), std::move(options), std::move(events),
      [this, plugin = plugin, source = source](std::string given, Done done,
                                               std::function<void(Event)> emit,
                                               std::function<void()> accepted) {
        ops::CallInput input;
        input.args = std::move(given);
        input.progress = [accepted = std::move(accepted)](const std::string&) { accepted(); };
        return open_call(*plugin, std::move(input), std::move(done), std::move(emit),
                         source->functions.follow, source->functions.cancel);
      });
}

}  // namespace engine::plugin
