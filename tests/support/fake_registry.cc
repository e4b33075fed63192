// https://distribution.github.io/distribution/spec/api, as far as a pull needs it.
#include "tests/support/fake_registry.h"

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "tests/support/busybox_image.h"

using namespace std::chrono_literals;

namespace engine::test {

namespace {

std::string digest(const std::string& bytes) { return "sha256:" + sha256_hex(bytes); }

std::string described(const std::string& type, const std::string& bytes) {
  return "{\"mediaType\":\"" + type + "\",\"size\":" + std::to_string(bytes.size()) +
         ",\"digest\":\"" + digest(bytes) + "\"}";
}

const char* const kManifestType = "application/vnd.docker.distribution.manifest.v2+json";

}  // namespace

FakeRegistry::FakeRegistry(const DockerDaemon& daemon, std::string credentials)
    : credentials_(std::move(credentials)) {
  // Its own content each time: a daemon does not fetch what it has.
  layer_ = tar_member("id", '0', 0644, unique("layer")) +
           tar_member("data", '0', 0644, std::string(3 << 20, 'x')) + std::string(1024, '\0');
  config_ =
      "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Labels\":{\"from\":\"registry\"}}"
      ","
      "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" +
      digest(layer_) + "\"]},\"history\":[{\"created\":\"2026-01-01T00:00:00Z\"}]}";
  manifest_ =
      std::string("{\"schemaVersion\":2,\"mediaType\":\"") + kManifestType +
      "\",\"config\":" + described("application/vnd.docker.container.image.v1+json", config_) +
      ",\"layers\":[" + described("application/vnd.docker.image.rootfs.diff.tar", layer_) + "]}";
  daemon.inside([this] {
    server_ = std::make_unique<HttpServer>([this](HttpPeer& peer) { return serve(peer); });
  });
}

std::string FakeRegistry::image(const std::string& tag) const {
  return server_->url("/team/app:" + tag).substr(std::string("http://").size());
}

bool FakeRegistry::answer(HttpPeer& peer, const std::string& type, const std::string& body) const {
  const bool head = peer.head.starts_with("HEAD");
  return peer.send("HTTP/1.1 200 OK\r\nContent-Type: " + type +
                   "\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\nDocker-Content-Digest: " + digest(body) + "\r\n\r\n" + (head ? "" : body));
}

bool FakeRegistry::serve(HttpPeer& peer) {
  const auto asks_for = [&](const std::string& text) {
    return peer.head.substr(0, peer.head.find('\r')).find(text) != std::string::npos;
  };
  const std::string wanted = "Authorization: Basic " + base64_encode(credentials_);
  if (!credentials_.empty() && peer.head.find(wanted) == std::string::npos) {
    return peer.answer(401, R"({"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]})",
                       "WWW-Authenticate: Basic realm=\"test\"\r\n");
  }
  if (asks_for("/manifests/1 ") || asks_for("/manifests/sha256"))
    return answer(peer, kManifestType, manifest_);
  if (asks_for("/blobs/" + digest(config_))) return answer(peer, "application/json", config_);
  if (asks_for("/blobs/" + digest(layer_))) {
    if (!is_slow) return answer(peer, "application/octet-stream", layer_);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(layer_.size()) + "\r\n\r\n");
    size_t sent = 1 << 20;
    peer.send(layer_.substr(0, sent));
    // A daemon closes a download that it has given up when the next byte comes.
    while (sent < layer_.size() && !peer.closes_within(10ms) && peer.send(layer_.substr(sent, 1)))
      ++sent;
    was_given_up = sent < layer_.size();
    return false;
  }
  if (asks_for("GET /v2/ ")) return peer.answer(200, "{}");
  return peer.answer(404,
                     R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})",
                     "Content-Type: application/json\r\n");
}

}  // namespace engine::test
