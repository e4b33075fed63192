// A registry with one small image, for a daemon to pull from: where Docker's own protocol ends, it
// is scripted.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "tests/support/docker_daemon.h"
#include "tests/support/http_server.h"

namespace engine::test {

class FakeRegistry {
 public:
  // Within the daemon's network. With `credentials` ("user:password") it serves nobody else.
  FakeRegistry(const DockerDaemon& daemon, std::string credentials = "");

  // "127.0.0.1:PORT/team/app:1"
  std::string image(const std::string& tag = "1") const;
  // From now on the layer comes a byte at a time until the daemon gives up.
  std::atomic<bool> is_slow = false;
  std::atomic<bool> was_given_up = false;

 private:
  bool serve(HttpPeer& peer);
  bool answer(HttpPeer& peer, const std::string& type, const std::string& body) const;

  std::string credentials_;
  std::string layer_, config_, manifest_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace engine::test
