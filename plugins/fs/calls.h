// The fs operations: arguments in, JSON out. All of the work blocks, so all of it is on worker
// threads.
#pragma once

#include "engine/plugin/plugin.hpp"
#include "plugins/fs/guard.h"

namespace engine::fs {

inline const engine_host* lent = nullptr;  // what the engine lends, from the plugin's start on
inline const Guard* guard = nullptr;       // likewise; read by worker threads, never changed

void read(plugin::Call call);
void write(plugin::Call call);
void preview_write(plugin::Call call);
void append(plugin::Call call);
void list(plugin::Call call);
void find(plugin::Call call);
void stat(plugin::Call call);
void mkdir(plugin::Call call);
void remove(plugin::Call call);
void preview_remove(plugin::Call call);
void copy(plugin::Call call);
void probe_copy(plugin::Call call);
void move(plugin::Call call);
void probe_move(plugin::Call call);
void disk_usage(plugin::Call call);

}  // namespace engine::fs
