// Networks in our words, and requests about them in Docker's.
#pragma once

#include "plugins/docker/client.h"
#include "plugins/docker/reading.h"

namespace engine::docker {

struct NetworkParts {
  bool containers, raw;
};
void write_network(JsonWriter& json, element network, NetworkParts parts);

Result<std::string> network_request(const Call& call);
std::string join_request(const plugin::Args& args);
std::string leave_request(const plugin::Args& args);

// Whether the container, as Docker describes it, is on the network of that name or id.
bool is_on(element container, std::string_view network);

}  // namespace engine::docker
