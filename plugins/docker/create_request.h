// From the arguments of docker.container.create to the body of Docker's request.
#pragma once

#include "plugins/docker/client.h"

namespace engine::docker {

// The label by which the probe of a call finds what the call made.
inline constexpr std::string_view kKeyLabel = "engine.key";

Result<std::string> create_body(const Call& call);

}  // namespace engine::docker
