// The Docker daemons that the settings and the environment name: where each listens, and how it is
// spoken to.
#pragma once

#include "engine/plugin/http.hpp"

namespace engine::docker {

struct Daemon {
  std::string name;         // as `daemon = "name"` asks for it
  std::string host;         // as given: "unix:///var/run/docker.sock", "tcp://10.0.0.7:2376"
  std::string unix_socket;  // a path, or empty
  std::string base;         // of URLs: "http://docker", "https://10.0.0.7:2376"
  http::Tls tls;
  Millis patience{20'000};  // how long an answer may take that needs no work
  std::string pinned_api;   // a version that is not negotiated, or empty

  std::string api;       // negotiated; empty until then, and after the connection was lost
  std::string reported;  // what the daemon said its newest is
};

using Daemons = std::map<std::string, Daemon, std::less<>>;
using Environment = std::function<std::string(const char* name)>;  // "" where it is not set

// The settings are the JSON of [plugins.docker]. There is always one that is called "default".
Result<Daemons> read_daemons(std::string_view settings, const Environment& environment);

// The newest version that both sides know, from the newest that the daemon does.
Result<std::string> negotiated_api(std::string_view reported, const Daemon& daemon);

}  // namespace engine::docker
