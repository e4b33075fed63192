#include "engine/cli/inspect.h"

#include "engine/base/clock.h"
#include "engine/lua/interpreter.h"

namespace engine::cli {

namespace {

// All that a runbook's top level may reach: modules. It cannot wait, so nothing else is asked for.
class Nothing final : public lua::Outside {
 public:
  Nothing(const runs::Library& library, const runs::Source& source)
      : library_(library), source_(source) {}

  TaskPtr call(const lua::Place&, std::string_view, std::string, int, const lua::Position&,
               Done) override {
    return nullptr;
  }
  TaskPtr wait(const lua::Place&, int64_t, std::string_view, const lua::Position&, Done) override {
    return nullptr;
  }
  void step_opened(int, int, std::string_view, const lua::Position&) override {}
  void step_closed(int, const Error*) override {}
  void retrying(int, int, int, int64_t, const Error&) override {}
  void log(std::string_view, std::string_view, std::string, int) override {}
  void report(std::string) override {}
  int64_t now_ms() override { return system_clock().wall_ms(); }
  uint64_t random_seed() override { return 0; }
  Result<Module> module(std::string_view name, std::string_view) override {
    Result<runs::Source> found = library_.module(name, source_.file);
    if (!found) return fail(found.error());
    return Module{found->name, found->text};
  }

 private:
  const runs::Library& library_;
  const runs::Source& source_;
};

}  // namespace

Result<lua::RunbookInfo> inspect(Catalog& catalog, const runs::Source& source) {
  lua::Limits limits;
  limits.memory_bytes = static_cast<size_t>(catalog.config.lua_memory);
  limits.cpu = catalog.config.lua_cpu;
  Nothing outside(catalog.library, source);
  auto interpreter = lua::Interpreter::create(limits, catalog.registry, outside);
  if (!interpreter) return fail(interpreter.error());
  if (Result<void> loaded = (*interpreter)->load(source.label, source.text); !loaded)
    return fail(loaded.error());
  return (*interpreter)->info();
}

}  // namespace engine::cli
