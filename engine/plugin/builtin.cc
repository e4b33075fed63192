// The plugins that are part of the program.
#include "engine/plugin/host.h"

extern "C" {
const engine_plugin* engine_plugin_crypto(void);
const engine_plugin* engine_plugin_fs(void);
const engine_plugin* engine_plugin_host(void);
const engine_plugin* engine_plugin_http(void);
const engine_plugin* engine_plugin_process(void);
const engine_plugin* engine_plugin_sqlite(void);
}

namespace engine::plugin {

const std::vector<Builtin>& builtins() {
  static const std::vector<Builtin> kBuiltins = {
      {"crypto", engine_plugin_crypto},   {"fs", engine_plugin_fs},
      {"host", engine_plugin_host},       {"http", engine_plugin_http},
      {"process", engine_plugin_process}, {"sqlite", engine_plugin_sqlite},
  };
  return kBuiltins;
}

}  // namespace engine::plugin
