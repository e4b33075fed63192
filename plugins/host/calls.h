// The host operations: arguments in, JSON out. The work itself is in the files named by their
// subjects.
#pragma once

#include "engine/plugin/plugin.hpp"

namespace engine::host {

inline const engine_host* lent = nullptr;  // what the engine lends, from the plugin's start on

void get(plugin::Call call);
void get_cpu(plugin::Call call);
void get_memory(plugin::Call call);
void get_load(plugin::Call call);
void get_uptime(plugin::Call call);
void list_disks(plugin::Call call);
void list_interfaces(plugin::Call call);
void list_processes(plugin::Call call);
void get_process(plugin::Call call);
void signal_process(plugin::Call call);
void preview_signal(plugin::Call call);
void list_ports(plugin::Call call);

}  // namespace engine::host
