// Names, credentials and refusals.
#include "plugins/docker/image.h"

#include <algorithm>

#include "plugins/docker/failure.h"
#include "plugins/docker/query.h"

namespace engine::docker {

ImageName image_name(std::string_view name) {
  if (const size_t at = name.find('@'); at != name.npos)
    return {std::string(name.substr(0, at)), std::string(name.substr(at + 1))};
  const size_t slash = name.rfind('/');
  const size_t colon = name.find(':', slash == name.npos ? 0 : slash);
  if (colon == name.npos) return {std::string(name), "latest"};
  return {std::string(name.substr(0, colon)), std::string(name.substr(colon + 1))};
}

Result<std::string> image_path(std::string_view name, std::string_view behind) {
  if (name.empty()) return fail(code::kInvalidArgument, "the name of an image is empty");
  for (const std::string_view part : split(name, '/')) {
    // Docker would take it for another address.
    if (part.empty() || part == "." || part == "..")
      return fail(code::kInvalidArgument, "invalid image name: " + shortened(name, 200));
  }
  return "/images/" + encoded(name, "/:@") + std::string(behind);
}

Result<std::string> registry_auth(std::string_view credentials) {
  std::string json;
  if (credentials.starts_with('{')) {
    const auto document = Document::read(credentials);
    if (!document)
      return fail(code::kInvalidArgument,
                  "the registry's credentials are neither \"user:password\""
                  " nor a JSON object");
    json = simdjson::minify(document->root());
  } else {
    const size_t colon = credentials.find(':');
    if (colon == credentials.npos)
      return fail(code::kInvalidArgument, "the registry's credentials are not \"user:password\"");
    JsonWriter(json)
        .begin_object()
        .field("username", credentials.substr(0, colon))
        .field("password", trim(credentials.substr(colon + 1)))
        .end_object();
  }
  std::string text = base64_encode(json);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

Error stream_error(std::string message) {
  if (message.empty()) message = "Docker failed without saying why";
  const std::string_view code = code_of(500, message);
  return registry_error(Error(code, std::move(message)));
}

Error registry_error(Error error) {
  const auto says = [&](std::initializer_list<std::string_view> phrases) {
    return std::ranges::any_of(phrases, [&](std::string_view phrase) {
      return error.message.find(phrase) != std::string::npos;
    });
  };
  if (error.code != code::kFailed && error.code != code::kNotFound) return error;
  if (says({"toomanyrequests", "429 Too Many"})) {
    error.code = code::kResourceExhausted;
    error.retryable = true;
  } else if (says({"pull access denied", "repository does not exist"})) {
    error.code = code::kNotFound;
    error.hint = "there is no such image, or the registry wants credentials: auth";
  } else if (says({"manifest unknown", "manifest for", "no matching manifest", "name unknown"})) {
    error.code = code::kNotFound;
  } else if (says({"unauthorized", "authentication required", "no basic auth credentials"})) {
    error.code = code::kUnauthenticated;
    error.hint = "auth gives credentials: \"user:password\" as a secret";
  } else if (says({"connection refused", "no such host", "i/o timeout", "TLS handshake timeout",
                   "network is unreachable", "Client.Timeout", "connection reset",
                   "server misbehaving", "temporary failure in name resolution"})) {
    error.code = code::kNetworkError;
    error.retryable = true;
    error.hint = "the Docker daemon cannot reach the registry";
  }
  return error;
}

}  // namespace engine::docker
