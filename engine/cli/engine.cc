#include "engine/cli/engine.h"

#include <pwd.h>
#include <unistd.h>

#include "engine/runs/state_operations.h"

namespace engine::cli {

Result<std::unique_ptr<store::Store>> open_store(Loop& loop, const config::Config& config,
                                                 store::StoreOptions::Access access) {
  store::StoreOptions options;
  options.folder = config.state_dir;
  options.access = access;
  return store::Store::open(loop, std::move(options));
}

Catalog::Catalog(const config::Config& given)
    : config(given),
      secrets({.environment_prefix = given.secrets_env_prefix,
               .folders = given.secrets_folders,
               .credentials_folder = given.secrets_credentials}),
      library(given.runbooks, given.scripts),
      plugins(loop, registry, secrets,
              {.folders = given.plugin_folders,
               .config =
                   [&given](std::string_view plugin) {
                     const auto found = given.plugins.find(plugin);
                     return found == given.plugins.end() ? std::string("{}") : found->second;
                   },
               .modules = module_finder()}) {}

lua::FindModule Catalog::module_finder() {
  return [this](std::string_view name, std::string_view from) -> Result<lua::Outside::Module> {
    Result<runs::Source> found = library.module(name, from);
    if (!found) return fail(found.error());
    return lua::Outside::Module{found->label, found->text};
  };
}

Result<void> Catalog::add_state() {
  return runs::add_state_operations(
      registry, loop, [this] { return store; }, system_clock());
}

Result<std::unique_ptr<Engine>> Engine::start(const config::Config& config, Parking parking) {
  auto catalog = std::make_unique<Catalog>(config);
  if (Result<void> added = catalog->add_state(); !added) return fail(added.error());
  return start(std::move(catalog), parking);
}

Result<std::unique_ptr<Engine>> Engine::start(std::unique_ptr<Catalog> catalog, Parking parking) {
  std::unique_ptr<Engine> engine(new Engine(std::move(catalog)));
  if (Result<void> started = engine->start_all(parking); !started) return fail(started.error());
  return engine;
}

Result<void> Engine::start_all(Parking parking) {
  const config::Config& config = catalog.config;
  Result<std::vector<ops::Grant>> deny = ops::parse_grants(config.deny);
  if (!deny) return fail(deny.error());
  Result<std::vector<ops::Grant>> allow =
      ops::parse_grants(config.allow.value_or(std::vector<std::string>()));
  if (!allow) return fail(allow.error());
  auto opened = open_store(catalog.loop, config, store::StoreOptions::Access::write);
  if (!opened) return fail(opened.error());
  store = std::move(*opened);
  catalog.store = store.get();
  invoker.emplace(catalog.loop, catalog.registry, system_clock(),
                  ops::OperatorPolicy{*deny, *allow}, static_cast<size_t>(config.operations_max));
  runs::RunnerOptions options;
  options.limits.memory_bytes = static_cast<size_t>(config.lua_memory);
  options.limits.cpu = config.lua_cpu;
  if (parking == Parking::on) options.parking.emplace();
  options.runs_max = static_cast<size_t>(config.runs_max);
  options.follow = [this](std::string_view source, plugin::FollowOptions how,
                          plugin::FollowEvents events) {
    return catalog.plugins.follow(source, std::move(how), std::move(events));
  };
  runner.emplace(catalog.loop, *store, catalog.registry, *invoker, catalog.secrets, catalog.library,
                 system_clock(), options);
  return {};
}

Engine::~Engine() {
  runner.reset();
  invoker.reset();
  catalog.store = nullptr;
  store.reset();
}

std::string person() {
  const passwd* user = getpwuid(geteuid());
  return "unix:" + (user ? std::string(user->pw_name) : std::to_string(geteuid()));
}

}  // namespace engine::cli
