// Error texts for people who may not know where things lie on the machine.
#include <algorithm>

#include "plugins/process/policy.h"

namespace engine::process {
namespace {

// A shorter value would be found inside ordinary words.
constexpr size_t kValueBytesMin = 4;

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

bool begins_path(std::string_view text, size_t at) {
  if (text[at] != '/' || at + 1 >= text.size() || text[at + 1] == ' ') return false;
  return at == 0 ||
         std::string_view(" \t\n'\"`=:(<[,").find(text[at - 1]) != std::string_view::npos;
}

}  // namespace

std::string sanitized(std::string_view text, const std::vector<std::string>& values) {
  std::string clean(text);
  std::vector<std::string> longest_first = values;
  std::sort(longest_first.begin(), longest_first.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  for (const std::string& value : longest_first) {
    if (value.size() >= kValueBytesMin) replace_all(clean, value, "[value]");
  }
  std::string out;
  for (size_t i = 0; i < clean.size();) {
    if (!begins_path(clean, i)) {
      out += clean[i++];
      continue;
    }
    out += "[path]";
    i = std::min(clean.find_first_of(" \t\n'\"`:,;()<>[]", i), clean.size());
  }
  return out;
}

Error sanitized(Error error, const std::vector<std::string>& values) {
  error.message = sanitized(error.message, values);
  error.hint = sanitized(error.hint, values);
  // Details are JSON, in which a value may be escaped in more ways than one can look for.
  error.details.clear();
  return error;
}

}  // namespace engine::process
