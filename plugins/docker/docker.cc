// The docker plugin: what it is called, its settings, and the operations of its other files.
#include <cstdlib>

#include "plugins/docker/client.h"
#include "plugins/docker/operations.h"

namespace engine::docker {

namespace {

using plugin::between, plugin::optional;

constexpr engine_field kConfig[] = {
    optional("host", ENGINE_STRING,
             "Where the daemon listens: unix:///path or tcp://name:port; else DOCKER_HOST, else "
             "unix:///var/run/docker.sock."),
    optional("socket", ENGINE_STRING, "Path of the daemon's unix socket, instead of `host`."),
    optional("api", ENGINE_STRING, "A version of Docker's API that is used without negotiating."),
    between(optional("timeout", ENGINE_DURATION,
                     "How long an answer may take that needs no work of the daemon.", "\"20s\""),
            "1ms", "10m"),
    optional("tls", ENGINE_BOOLEAN, "Speaks TLS to a tcp:// host.", "false"),
    optional("ca_file", ENGINE_STRING, "PEM file of who may sign the daemon's certificate."),
    optional("client_cert", ENGINE_STRING, "PEM file with our own certificate."),
    optional("client_key", ENGINE_STRING, "PEM file with its key."),
    optional("insecure", ENGINE_BOOLEAN, "Takes any certificate.", "false"),
    optional("daemons", ENGINE_MAP,
             "More daemons by name, each a table with the settings above; operations take "
             "daemon = \"name\"."),
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int start(const engine_host* host, const char* config, size_t size, void**, engine_error* error) {
  auto read = read_daemons({config, size}, variable);
  if (!read) {
    // The host reads it before anything else is called.
    static Error kept("", "");
    kept = read.error();
    error->code = kept.code.c_str();
    error->message = kept.message.c_str();
    error->hint = kept.hint.empty() ? nullptr : kept.hint.c_str();
    return 1;
  }
  lent = host;
  daemons() = std::move(*read);
  return 0;
}

void stop(void*) { daemons().clear(); }

const std::vector<engine_operation>& operations() {
  static const std::vector<engine_operation> all = [] {
    std::vector<engine_operation> joined;
    for (const Operations part :
         {system_operations(), container_operations(), container_state_operations(),
          container_output_operations(), container_create_operations(),
          container_inside_operations(), checkpoint_operations(), container_exec_operations(),
          container_copy_in_operations(), container_copy_out_operations(), image_operations(),
          image_pull_operations(), image_file_operations(), volume_operations(),
          network_operations(), event_operations()}) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
  }();
  return all;
}

}  // namespace

}  // namespace engine::docker

extern "C" __attribute__((visibility("default"))) const engine_plugin* engine_plugin_declare() {
  using namespace engine::docker;
  static const engine_plugin plugin = [] {
    engine_plugin docker = engine::plugin::declared(
        "docker", "Containers, images, volumes and networks of Docker daemons.", start,
        operations(), kConfig);
    docker.stop = stop;
    docker.sources = event_sources().data();
    docker.source_count = event_sources().size();
    return docker;
  }();
  return &plugin;
}
