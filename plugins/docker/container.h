// What all operations on one container need.
#pragma once

#include "plugins/docker/client.h"
#include "plugins/docker/reading.h"

namespace engine::docker {

// The address of the call's `container` and what is behind it ("/json").
Result<std::string> container_path(const Call& call, std::string_view behind);
// The same for a name that stands in another parameter.
Result<std::string> container_path_of(std::string_view name, std::string_view behind);

// Asks for the call's container and hands on what Docker says of it; errors are the call's.
void inspect(const Call& call, std::move_only_function<void(element container)> seen);
void try_inspect(const Call& call, std::move_only_function<void(Result<element> container)> seen);

// A POST to the call's container: `behind` is the verb.
void post(const Call& call, std::string_view behind, Ask request, Heard heard);

// {"changed": true}
void done_changed(const Call& call, bool changed);

// CONFLICT: the deed ("paused") is for containers that run.
Error not_running(element container, std::string_view deed);

// For dry runs: which container it is, the state it is in, and whether the call would change it.
void done_preview(const Call& call, element container, bool changes);

}  // namespace engine::docker
