// Looking secrets up, and the second line of defence: exact values never leave.
#include "engine/ops/secrets.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

namespace engine::ops {

namespace {

constexpr size_t kSecretBytesMax = 64 << 10;
// Shorter texts stand in too many innocent places to be searched for.
constexpr size_t kScrubBytesMin = 4;

bool is_secret_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

Secrets::Secrets(SecretsOptions options) : options_(std::move(options)) {}

Result<std::string> Secrets::look_up(const std::string& name) const {
  std::string variable = options_.environment_prefix;
  for (const char c : name) {
    variable += std::isalnum(static_cast<unsigned char>(c)) != 0
                    ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                    : '_';
  }
  if (const char* value = std::getenv(variable.c_str())) return std::string(value);

  std::string places = "the variable " + variable;
  std::vector<std::string> folders = options_.folders;
  if (!options_.credentials_folder.empty())
    folders.insert(folders.begin(), options_.credentials_folder);
  for (const std::string& folder : folders) {
    const std::string file = folder + "/" + name;
    Result<std::string> content = read_file(file, kSecretBytesMax);
    if (content) {
      if (content->ends_with('\n')) content->pop_back();
      return content;
    }
    if (content.error().code != code::kNotFound) return content;
    places += ", the file " + file;
  }
  return fail(code::kNotFound, "there is no secret '" + name + "'", "looked at " + places);
}

Result<std::string> Secrets::resolve(std::string_view name) {
  if (!is_secret_name(name)) {
    // More often the value itself, given in place of its name: nothing of it is shown.
    return fail(code::kInvalidArgument, "that is no name for a secret",
                "give the secret's name, not its value: letters, digits, '-', '_' and '.'");
  }
  const std::string key(name);
  Result<std::string> value = look_up(key);
  if (value) remember(key, *value);
  return value;
}

void Secrets::remember(const std::string& name, const std::string& value) {
  if (value.size() < kScrubBytesMin) return;
  known_[value] = name;
  known_[base64_encode(value)] = name;
  if (is_utf8(value)) {
    std::string quoted;
    append_json_string(quoted, value);
    known_[quoted.substr(1, quoted.size() - 2)] = name;
  }
}

std::string Secrets::scrubbed(std::string text) const {
  for (const auto& [value, name] : known_) replace_all(text, value, "[secret " + name + "]");
  return text;
}

Error Secrets::scrubbed(Error error) const {
  if (known_.empty()) return error;
  error.message = scrubbed(std::move(error.message));
  error.hint = scrubbed(std::move(error.hint));
  error.details = scrubbed(std::move(error.details));
  return error;
}

}  // namespace engine::ops
