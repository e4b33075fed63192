// The check of runbooks on whatever text: it must end, stay inside the text, and never refuse what
// Lua accepts.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/lua/lint.h"
#include "engine/ops/registry.h"

namespace {

engine::ops::Operation example() {
  engine::ops::Operation op;
  op.name = "fs.read";
  op.summary = "Reads a file.";
  engine::ops::Field path;
  path.name = "path";
  path.type = engine::ops::Type::string;
  path.required = true;
  op.params = {path};
  op.start = [](engine::ops::CallInput, engine::Done) { return engine::TaskPtr(); };
  return op;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static engine::ops::Registry registry = [] {
    engine::ops::Registry made;
    if (!made.add(example())) std::abort();
    return made;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const engine::lua::Finding& finding : engine::lua::lint("fuzz.lua", text, registry)) {
    if (finding.line < 1 || finding.column < 1 || finding.end_column <= finding.column)
      std::abort();
    if (engine::lua::render("fuzz.lua", finding, text).empty()) std::abort();
  }
  return 0;
}
