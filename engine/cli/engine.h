// Everything that lives in the process, in the order of starting; the reverse is the order of
// stopping. Nothing is loaded or looked for before it is needed: a run of an empty runbook takes a
// few milliseconds.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/config/config.h"
#include "engine/loop/loop.h"
#include "engine/ops/invoker.h"
#include "engine/ops/registry.h"
#include "engine/ops/secrets.h"
#include "engine/plugin/host.h"
#include "engine/runs/library.h"
#include "engine/runs/runner.h"
#include "engine/store/store.h"

namespace engine::cli {

Result<std::unique_ptr<store::Store>> open_store(Loop& loop, const config::Config& config,
                                                 store::StoreOptions::Access access);

// What can be asked without a store: operations, plugins, runbooks.
struct Catalog {
  explicit Catalog(const config::Config& config);
  // Our own operations; as long as there is no store they can be looked at, not called.
  Result<void> add_state();
  // What a Lua plugin requires while it is declared.
  lua::FindModule module_finder();

  const config::Config& config;
  Loop loop;
  ops::Registry registry;
  ops::Secrets secrets;
  runs::Library library;
  plugin::Host plugins;
  store::Store* store = nullptr;  // the engine's, where there is one
};

// What it takes to run something.
struct Engine {
  // Whether runs that only wait leave memory: for processes that carry many.
  enum class Parking { off, on };
  // The store's own errors; what the loop still has to do is done when it is destroyed.
  static Result<std::unique_ptr<Engine>> start(const config::Config& config,
                                               Parking parking = Parking::off);
  // With what was looked at before.
  static Result<std::unique_ptr<Engine>> start(std::unique_ptr<Catalog> catalog,
                                               Parking parking = Parking::off);
  ~Engine();

  const std::unique_ptr<Catalog> own_catalog;
  Catalog& catalog;
  std::unique_ptr<store::Store> store;
  std::optional<ops::Invoker> invoker;
  std::optional<runs::Runner> runner;

 private:
  explicit Engine(std::unique_ptr<Catalog> given)
      : own_catalog(std::move(given)), catalog(*own_catalog) {}
  Result<void> start_all(Parking parking);
};

// The person at the keyboard, as the journal names them: "unix:ops".
std::string person();

}  // namespace engine::cli
