// Settings before the environment, the environment before Docker's own default.
#include "plugins/docker/daemon.h"

#include <charconv>
#include <set>

#include "engine/plugin/json.hpp"

namespace engine::docker {

namespace {

using simdjson::dom::object;

constexpr const char* kDefaultHost = "unix:///var/run/docker.sock";
constexpr int kOldestMinor = 41, kNewestMinor = 51;

const std::set<std::string_view> kKeys = {"host",    "socket",      "api",        "timeout", "tls",
                                          "ca_file", "client_cert", "client_key", "insecure"};

Error bad_setting(const std::string& where, const std::string& what, std::string hint = {}) {
  return Error(code::kInvalidArgument, where + " " + what, std::move(hint));
}

Result<int> minor_of(std::string_view version) {
  int minor = 0;
  const bool one = version.starts_with("1.");
  if (one) version.remove_prefix(2);
  const auto [end, problem] =
      std::from_chars(version.data(), version.data() + version.size(), minor);
  if (!one || problem != std::errc() || end != version.data() + version.size()) {
    return fail(code::kInvalidArgument, "no version");
  }
  return minor;
}

// unix:///path or tcp://name[:port]
Result<void> set_host(Daemon& daemon, const std::string& host, bool tls) {
  daemon.host = host;
  if (host.starts_with("unix://")) {
    daemon.unix_socket = host.substr(7);
    daemon.base = "http://docker";
    if (!daemon.unix_socket.starts_with('/')) {
      return fail(bad_setting("the Docker host '" + host + "'", "names no absolute path",
                              "write unix:///var/run/docker.sock"));
    }
    return {};
  }
  if (!host.starts_with("tcp://")) {
    return fail(bad_setting("the Docker host '" + host + "'", "cannot be spoken to",
                            "write unix:///path or tcp://name:port"));
  }
  std::string place = host.substr(6);
  while (place.ends_with('/')) place.pop_back();
  const size_t bracket = place.rfind(']');
  const size_t colon = place.find(':', bracket == std::string::npos ? 0 : bracket);
  if (place.empty() || colon == 0) {
    return fail(bad_setting("the Docker host '" + host + "'", "names no machine"));
  }
  if (colon == std::string::npos) place += tls ? ":2376" : ":2375";
  daemon.base = (tls ? "https://" : "http://") + place;
  return {};
}

std::string text_of(const object& settings, std::string_view key) {
  std::string_view text;
  return settings.at_key(key).get(text) ? std::string() : std::string(text);
}

bool flag_of(const object& settings, std::string_view key) {
  bool flag = false;
  return !settings.at_key(key).get(flag) && flag;
}

// A duration arrives in ms where the host has checked it, and as it was written in a table of
// several daemons.
Result<void> set_patience(Daemon& daemon, const object& settings, const std::string& where) {
  int64_t ms = 0;
  if (!settings.at_key("timeout").get(ms)) {
    daemon.patience = Millis(ms);
  } else if (const std::string text = text_of(settings, "timeout"); !text.empty()) {
    const auto parsed = parse_duration(text);
    if (!parsed) return fail(bad_setting(where + ".timeout", "is no duration such as \"20s\""));
    daemon.patience = *parsed;
  }
  if (daemon.patience.count() > 0) return {};
  return fail(bad_setting(where + ".timeout", "is more than 0"));
}

Result<void> set_api(Daemon& daemon, std::string version, const std::string& where) {
  if (version.empty()) return {};
  const auto minor = minor_of(version);
  if (!minor || *minor < kOldestMinor) {
    return fail(
        bad_setting(where, "is a version of Docker's API from 1.41 on, not '" + version + "'"));
  }
  daemon.pinned_api = std::move(version);
  return {};
}

Result<Daemon> from_environment(const Environment& environment) {
  Daemon daemon{.name = "default"};
  const bool tls = !environment("DOCKER_TLS_VERIFY").empty();
  std::string host = environment("DOCKER_HOST");
  if (host.empty()) host = kDefaultHost;
  if (auto set = set_host(daemon, host, tls); !set) return fail(set.error());
  if (tls) {
    std::string folder = environment("DOCKER_CERT_PATH");
    if (folder.empty()) folder = environment("HOME") + "/.docker";
    daemon.tls = {.ca_file = folder + "/ca.pem",
                  .client_cert = folder + "/cert.pem",
                  .client_key = folder + "/key.pem"};
  }
  auto set = set_api(daemon, environment("DOCKER_API_VERSION"), "DOCKER_API_VERSION");
  if (!set) return fail(set.error());
  return daemon;
}

Result<Daemon> from_settings(std::string name, const object& settings, const std::string& where) {
  for (const auto& [key, value] : settings) {
    if (!kKeys.contains(key) && key != "daemons") {
      return fail(bad_setting(where, "has no setting named '" + std::string(key) + "'"));
    }
  }
  Daemon daemon{.name = std::move(name)};
  std::string host = text_of(settings, "host");
  const std::string socket = text_of(settings, "socket");
  if (!host.empty() && !socket.empty()) {
    return fail(bad_setting(where, "takes one of host and socket, not both"));
  }
  if (!socket.empty()) host = "unix://" + socket;
  if (host.empty()) return fail(bad_setting(where, "says neither host nor socket"));
  daemon.tls = {.ca_file = text_of(settings, "ca_file"),
                .client_cert = text_of(settings, "client_cert"),
                .client_key = text_of(settings, "client_key"),
                .insecure = flag_of(settings, "insecure")};
  const bool tls = flag_of(settings, "tls") || daemon.tls.insecure || !daemon.tls.ca_file.empty() ||
                   !daemon.tls.client_cert.empty();
  if (auto set = set_host(daemon, host, tls); !set) return fail(set.error());
  if (auto set = set_patience(daemon, settings, where); !set) return fail(set.error());
  if (auto set = set_api(daemon, text_of(settings, "api"), where + ".api"); !set) {
    return fail(set.error());
  }
  return daemon;
}

Result<void> add_named(Daemons& daemons, const object& settings) {
  object named;
  if (settings.at_key("daemons").get(named)) return {};
  for (const auto& [name, value] : named) {
    const std::string where = "plugins.docker.daemons." + std::string(name);
    object own;
    if (value.get(own)) return fail(bad_setting(where, "is a table"));
    auto daemon = from_settings(std::string(name), own, where);
    if (!daemon) return fail(daemon.error());
    daemons.insert_or_assign(std::string(name), std::move(*daemon));
  }
  return {};
}

}  // namespace

Result<Daemons> read_daemons(std::string_view settings, const Environment& environment) {
  const auto document = read_json(settings);
  object given;
  if (!document || document->root().get(given)) {
    return fail(code::kInvalidArgument, "plugins.docker is no table");
  }
  Daemons daemons;
  if (auto added = add_named(daemons, given); !added) return fail(added.error());
  if (daemons.contains("default")) return daemons;
  const bool own = !text_of(given, "host").empty() || !text_of(given, "socket").empty();
  auto standard =
      own ? from_settings("default", given, "plugins.docker") : from_environment(environment);
  if (!standard) return fail(standard.error());
  if (!own) {
    if (auto set = set_patience(*standard, given, "plugins.docker"); !set) return fail(set.error());
    if (auto set = set_api(*standard, text_of(given, "api"), "plugins.docker.api"); !set) {
      return fail(set.error());
    }
  }
  daemons.emplace("default", std::move(*standard));
  return daemons;
}

Result<std::string> negotiated_api(std::string_view reported, const Daemon& daemon) {
  const auto minor = minor_of(reported);
  if (!minor) {
    return fail(
        code::kUnsupported,
        "what answers at " + daemon.host + " does not say which version of Docker's API it speaks",
        "check that a Docker daemon listens there");
  }
  if (*minor < kOldestMinor) {
    return fail(code::kUnsupported,
                "the Docker daemon at " + daemon.host + " speaks API " + std::string(reported) +
                    ", which is older than 1.41",
                "upgrade it to Docker 20.10 or newer");
  }
  return "1." + std::to_string(std::min(*minor, kNewestMinor));
}

}  // namespace engine::docker
