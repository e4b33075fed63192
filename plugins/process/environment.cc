// Which variables are handed on.
#include "plugins/process/environment.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <map>

namespace engine::process {
namespace {

constexpr std::array<const char*, 25> kInherited = {
    "PATH",        "LANG",          "LANGUAGE",     "LC_ALL",      "LC_CTYPE",
    "LC_MESSAGES", "LC_NUMERIC",    "LC_TIME",      "LC_COLLATE",  "TZ",
    "TERM",        "TMPDIR",        "http_proxy",   "https_proxy", "ftp_proxy",
    "no_proxy",    "all_proxy",     "HTTP_PROXY",   "HTTPS_PROXY", "NO_PROXY",
    "ALL_PROXY",   "SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_HOST", "KUBECONFIG"};
// Those that are about who runs the engine.
constexpr std::array<const char*, 9> kPersonal = {"HOME",
                                                  "USER",
                                                  "LOGNAME",
                                                  "SHELL",
                                                  "XDG_RUNTIME_DIR",
                                                  "XDG_CONFIG_HOME",
                                                  "XDG_CACHE_HOME",
                                                  "DBUS_SESSION_BUS_ADDRESS",
                                                  "SSH_AUTH_SOCK"};

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void take(std::map<std::string, std::string>& into, const char* name) {
  if (const char* value = getenv(name)) into[name] = value;
}

void take_user(std::map<std::string, std::string>& into, const std::string& user) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return;
  into["HOME"] = found->pw_dir;
  into["SHELL"] = found->pw_shell;
  into["USER"] = into["LOGNAME"] = user;
}

}  // namespace

Result<std::vector<std::string>> environment(bool inherit, const std::string& user,
                                             const Variables& given) {
  std::map<std::string, std::string> variables;
  if (inherit) {
    for (const char* name : kInherited) take(variables, name);
    variables.emplace("PATH", kDefaultPath);
    if (user.empty()) {
      for (const char* name : kPersonal) take(variables, name);
    } else {
      take_user(variables, user);
    }
  }
  for (const auto& [name, value] : given) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      return fail(code::kInvalidArgument,
                  "'" + name.substr(0, 60) + "' cannot name an environment variable");
    }
    if (value.find('\0') != std::string::npos) {
      return fail(code::kInvalidArgument,
                  "the value of the environment variable " + name + " contains a zero byte");
    }
    variables[name] = value;
  }
  std::vector<std::string> all;
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

std::string value_in(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& variable : environment) {
    if (variable.size() > name.size() && variable[name.size()] == '=' &&
        variable.starts_with(name)) {
      return variable.substr(name.size() + 1);
    }
  }
  return "";
}

}  // namespace engine::process
