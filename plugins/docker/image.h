// What operations on images share: names as Docker's API wants them, and what a registry refuses.
#pragma once

#include "plugins/docker/client.h"
#include "plugins/docker/reading.h"

namespace engine::docker {

// "registry:5000/team/app:1.2" or "...@sha256:..." apart; without either the tag is "latest".
struct ImageName {
  std::string repo, tag;
};
ImageName image_name(std::string_view name);

// "/images/NAME" and what is behind it; a slash belongs to the name.
Result<std::string> image_path(std::string_view name, std::string_view behind);

// The header with which Docker is given credentials for a registry. `credentials` are
// "user:password" or Docker's own JSON.
Result<std::string> registry_auth(std::string_view credentials);

// An error that Docker told in the middle of a stream whose status was 200.
Error stream_error(std::string message);
// The same, or an answer's, with what it means when a registry is the reason.
Error registry_error(Error error);

}  // namespace engine::docker
