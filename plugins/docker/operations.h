// What the plugin offers, a span for each file of operations; docker.cc joins them.
#pragma once

#include <span>

#include "engine/plugin/plugin.h"

namespace engine::docker {

using Operations = std::span<const engine_operation>;

Operations system_operations();
Operations container_operations();         // list, get
Operations container_state_operations();   // start, stop, restart, pause, ...
Operations container_output_operations();  // logs, stats
Operations container_create_operations();  // create, update
Operations container_inside_operations();  // top, changes, prune
Operations checkpoint_operations();
Operations container_exec_operations();
Operations container_copy_in_operations();
Operations container_copy_out_operations();

Operations image_operations();  // list, get, tag, remove, prune
Operations image_pull_operations();
Operations image_file_operations();  // import, load, save
Operations volume_operations();
Operations network_operations();
Operations event_operations();

std::span<const engine_event_source> event_sources();

}  // namespace engine::docker
