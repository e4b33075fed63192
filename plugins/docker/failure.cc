// Docker tells much by status alone, and the rest only in its text.
#include "plugins/docker/failure.h"

#include "engine/plugin/json.hpp"

namespace engine::docker {

namespace {

constexpr size_t kMessageBytesMax = 4096;

bool says(std::string_view message, std::initializer_list<std::string_view> phrases) {
  return std::ranges::any_of(phrases, [&](std::string_view phrase) {
    return message.find(phrase) != std::string_view::npos;
  });
}

bool lacks_criu(std::string_view message) {
  return says(message, {"CRIU version check failed"}) &&
         says(message, {"executable file not found"});
}

// A checkpoint's content in containerd, until that has removed it.
bool is_in_the_way(std::string_view message) {
  return says(message, {"failed to upload checkpoint"}) && says(message, {"already exists"});
}

std::string hint_for(std::string_view message) {
  if (lacks_criu(message)) return "install CRIU on the daemon's machine, in the PATH of dockerd";
  if (is_in_the_way(message)) return "start it again a little later";
  if (wants_tls(message)) {
    return "set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or tls and ca_file in [plugins.docker]";
  }
  return {};
}

std::string_view code_of_conflict(std::string_view message) {
  const bool taken = says(message, {"already in use by container", "already exists"});
  return taken ? code::kAlreadyExists : code::kConflict;
}

// What Docker has no better status for.
std::string_view code_of_failure(std::string_view message) {
  if (says(message, {"does not exist for container"})) return code::kNotFound;
  if (says(message, {"already exists for container"})) return code::kAlreadyExists;
  if (says(message, {"not running"})) return code::kConflict;
  if (says(message, {"invalid reference format", "Invalid checkpoint ID"})) {
    return code::kInvalidArgument;
  }
  if (is_in_the_way(message)) return code::kConflict;
  return code::kFailed;
}

}  // namespace

std::string message_of(std::string_view body) {
  const auto document = read_json(body);
  std::string_view message;
  if (!document || document->root().at_key("message").get(message)) message = body;
  message = trim(message);
  return is_utf8(message) ? shortened(message, kMessageBytesMax) : std::string();
}

std::string_view code_of(int status, std::string_view message) {
  if (says(message, {"no space left on device"})) return code::kDiskFull;
  if (says(message, {"port is already allocated", "address already in use"}))
    return code::kConflict;
  if (says(message, {"address pools have been fully subnetted", "cannot allocate memory"})) {
    return code::kResourceExhausted;
  }
  if (lacks_criu(message) || wants_tls(message) ||
      says(message, {"only supported in experimental mode"})) {
    return code::kUnsupported;
  }
  switch (status) {
    case 400:
      // A container that can't be started is no fault of the call's arguments.
      return says(message, {"OCI runtime", "failed to create task"}) ? code::kFailed
                                                                     : code::kInvalidArgument;
    case 401:
      return code::kUnauthenticated;
    case 403:
      return says(message, {"has active endpoints"}) ? code::kConflict : code::kPermissionDenied;
    case 404:
      return code::kNotFound;
    case 405:
    case 406:
    case 501:
      return code::kUnsupported;
    case 408:
    case 504:
      return code::kTimeout;
    case 409:
      return code_of_conflict(message);
    case 413:
    case 429:
      return code::kResourceExhausted;
    case 502:
    case 503:
      return code::kBackendUnavailable;
    default:
      return code_of_failure(message);
  }
}

Error refusal(const plugin::Response& response, const Daemon& daemon) {
  std::string message = message_of(response.body);
  if (message.empty()) {
    message =
        "the Docker daemon at " + daemon.host + " answered with " + std::to_string(response.status);
  }
  Error error(code_of(response.status, message), message, hint_for(message));
  error.retryable =
      error.code == code::kBackendUnavailable || response.status == 429 || is_in_the_way(message);
  JsonWriter(error.details)
      .begin_object()
      .field("status", response.status)
      .field("daemon", daemon.name)
      .end_object();
  return error;
}

bool wants_tls(std::string_view body) { return says(body, {"HTTP request to an HTTPS server"}); }

bool speaks_other_version(const plugin::Response& response) {
  return response.status == 400 && says(response.body, {"client version "}) &&
         says(response.body, {"is too new", "is too old"});
}

Error unreachable(Error error, const Daemon& daemon) {
  if (error.code == code::kBackendUnavailable) {
    error.hint = "start the Docker daemon, or name another: [plugins.docker.daemons." +
                 daemon.name + "] or DOCKER_HOST";
  } else if (error.code == code::kPermissionDenied) {
    error.hint = "run as a user in the group that owns the socket, usually 'docker'";
  } else if (error.code == code::kTimeout) {
    error.hint = "the Docker daemon at " + daemon.host +
                 " hangs or is busy; plugins.docker.timeout gives it more time";
  }
  if (error.details.empty()) {
    JsonWriter(error.details).begin_object().field("daemon", daemon.name).end_object();
  }
  return error;
}

}  // namespace engine::docker
