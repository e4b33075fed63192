// Secrets by name: found in the environment, in folders of files, or among systemd's credentials;
// resolved only where an operation declares a secret, and scrubbed from everything that leaves by
// another way.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace engine::ops {

struct SecretsOptions {
  std::string environment_prefix =
      "ENGINE_SECRET_";              // secret("db-password") is ENGINE_SECRET_DB_PASSWORD
  std::vector<std::string> folders;  // a file a secret, named like it
  std::string credentials_folder;    // $CREDENTIALS_DIRECTORY
};

class Secrets {
 public:
  explicit Secrets(SecretsOptions options);

  // NOT_FOUND lists the places that were looked at. A file's one trailing newline is not part of
  // the value.
  Result<std::string> resolve(std::string_view name);

  // Replaces every value resolved so far, also in its JSON-escaped form, by [secret NAME].
  std::string scrubbed(std::string text) const;
  Error scrubbed(Error error) const;
  bool any() const { return !known_.empty(); }

 private:
  Result<std::string> look_up(const std::string& name) const;
  void remember(const std::string& name, const std::string& value);

  SecretsOptions options_;
  std::map<std::string, std::string> known_;  // text to find -> name
};

}  // namespace engine::ops
