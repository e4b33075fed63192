// From the arguments of docker.container.create to the body of Docker's request.
#pragma once

#include "plugins/docker/client.h"

namespace engine::docker {

Result<std::string> create_body(const Call& call);

}  // namespace engine::docker
